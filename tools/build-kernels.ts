/**
 * Compiles the WebAssembly kernels of packages/format/kernels from their AssemblyScript sources.
 *
 *     node tools/build-kernels.ts
 *
 * The output is a TypeScript file with the module in base64, so that it loads in Node, in workers and in
 * browsers alike without a path or a request. The compiler is pinned and its output depends on the sources
 * alone; build-kernels.test.ts keeps the files in step.
 */
import { readFile, writeFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'

const KERNELS = new URL('../packages/format/kernels/', import.meta.url)

/** Each is <name>.as.ts and becomes <name>.generated.ts. */
export const kernelNames = ['hashes', 'codecs'] as const

export type KernelName = (typeof kernelNames)[number]

const BASE64_LINE = 112

/** The text of <name>.generated.ts. */
export async function generateKernel(name: KernelName): Promise<string> {
  return generatedText(name, await compile(name))
}

export function generatedFile(name: KernelName): URL {
  return new URL(`${name}.generated.ts`, KERNELS)
}

async function compile(name: KernelName): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      `${name}.as.ts`,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--outFile',
      'kernel.wasm',
    ],
    {
      readFile: file => readFile(new URL(file, KERNELS), 'utf8').catch(() => null),
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined) throw new Error(`${name}.as.ts: ${error?.message}\n${stderr}`)
  return binary
}

function generatedText(name: KernelName, binary: Uint8Array): string {
  const base64 = Buffer.from(binary).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${BASE64_LINE}}`, 'g')) ?? []
  return [
    `// Compiled from ${name}.as.ts by tools/build-kernels.ts. Do not edit.`,
    `// ${binary.length} bytes of WebAssembly in base64.`,
    'export const wasmBase64 = `',
    ...lines,
    '`',
    '',
  ].join('\n')
}

if (import.meta.main) {
  for (const name of kernelNames) await writeFile(generatedFile(name), await generateKernel(name))
}
