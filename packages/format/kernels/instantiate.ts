/**
 * Brings up a WebAssembly kernel. Compiling a module of a few kilobytes takes well under a millisecond, so
 * it happens when the importing module loads, and no caller ever has to wait for a kernel.
 */

/** What we use of WebAssembly, which neither the language's type library nor Node's declares. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule) => { readonly exports: unknown }
}

export interface WasmModule {
  readonly [Symbol.toStringTag]: string
}

/** What every kernel exports: its memory, whose buffer is replaced when it grows. */
export interface KernelMemory {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
}

export interface KernelGlobal {
  readonly value: number
}

export function compileKernel(wasmBase64: string): WasmModule {
  const binary = atob(wasmBase64)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return new WebAssembly.Module(bytes)
}

export function instantiateKernel<Exports extends KernelMemory>(module: WasmModule): Exports {
  return new WebAssembly.Instance(module).exports as Exports
}
