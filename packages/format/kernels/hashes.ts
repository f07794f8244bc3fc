/**
 * The hash kernels: hashes.as.ts as seen from TypeScript. An input is copied to the scratch area, which is
 * of a fixed size; longer ones pass through it in pieces.
 */
import { copyBytes } from '../bytes/index.ts'
import { wasmBase64 } from './hashes.generated.ts'
import { compileKernel, instantiateKernel, type KernelGlobal, type KernelMemory } from './instantiate.ts'

/** Functions that return a number return the low word of a hash and leave the rest in `resultWords`. */
interface HashKernel extends KernelMemory {
  readonly scratch: KernelGlobal
  readonly scratchSize: KernelGlobal
  readonly result: KernelGlobal
  crc32c(length: number, crc: number): number
  filterHash(length: number): number
  filterHashNext(): void
  filterHashLast(rest: number, length: number): number
  xxh3(length: number): number
  xxh3Wide(length: number, seedLow: number, seedHigh: number): number
  xxh3First(): void
  xxh3Next(): void
  xxh3Last(rest: number, length: number): number
  xxh64(length: number): number
  xxh64First(): void
  xxh64Next(): void
  xxh64Last(rest: number, length: number): number
}

export const hashKernel: HashKernel = instantiateKernel<HashKernel>(compileKernel(wasmBase64))

/** The longest input that the kernels take in one piece. */
export const SCRATCH_SIZE: number = hashKernel.scratchSize.value

const scratch = new Uint8Array(hashKernel.memory.buffer, hashKernel.scratch.value, SCRATCH_SIZE)

/** Word 0: bits 32 to 63 of the last hash. Words 2 and 3: bits 64 to 127 of a wide one. */
export const resultWords: Int32Array = new Int32Array(hashKernel.memory.buffer, hashKernel.result.value, 4)

/** Puts bytes[start..end), at most `SCRATCH_SIZE` of them, before the kernels; returns how many they are. */
export function loadScratch(bytes: Uint8Array, start: number, end: number): number {
  copyBytes(bytes, start, end, scratch, 0)
  return end - start
}
