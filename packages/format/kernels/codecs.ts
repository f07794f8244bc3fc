/**
 * The codec kernels: codecs.as.ts as seen from TypeScript. A call lays its bytes out in the memory of the
 * kernels and copies the result out, which costs little beside the work itself:
 *
 *     compression     tables | history, input | gap | prefix, output
 *     decompression   tables | input | gap | history, output | gap
 *
 * Kernels copy in steps of sixteen bytes; the gaps take what goes beyond an end. One memory serves all calls
 * and is kept; an input too large for that gets a memory of its own, which goes when the call is done.
 */
import { type BlockMemory, newMemory, varintLength, writeVarint } from '../bytes/index.ts'
import { wasmBase64 } from './codecs.generated.ts'
import { compileKernel, instantiateKernel, type KernelGlobal, type KernelMemory } from './instantiate.ts'

interface CodecKernel extends KernelMemory {
  readonly area: KernelGlobal
  lz4Compress(history: number, source: number, end: number, into: number, limit: number): number
  lz4Decompress(source: number, end: number, history: number, into: number, intoEnd: number): number
  snappyCompress(source: number, end: number, into: number, limit: number): number
  snappyDecompress(source: number, end: number, into: number, intoEnd: number): number
}

const GAP = 64
const PAGE = 65536

/** The most that the shared memory grows to: blocks of 1 MiB and their output fit. */
const SHARED_MEMORY_MAX = 4 << 20

/** The most that a WebAssembly memory can hold. */
const MEMORY_MAX = 65535 * PAGE

/** Both formats look back no further. */
const HISTORY_MAX = 65535

const noBytes = new Uint8Array(0)
const kernelModule = compileKernel(wasmBase64)

class Workspace {
  readonly kernel = instantiateKernel<CodecKernel>(kernelModule)
  readonly area: number = this.kernel.area.value
  bytes = new Uint8Array(this.kernel.memory.buffer)

  reserve(length: number): void {
    const missing = this.area + length - this.bytes.length
    if (missing <= 0) return
    this.kernel.memory.grow(Math.ceil(missing / PAGE))
    this.bytes = new Uint8Array(this.kernel.memory.buffer)
  }
}

const shared = new Workspace()

function workspaceFor(length: number): Workspace {
  const workspace = length <= SHARED_MEMORY_MAX ? shared : new Workspace()
  workspace.reserve(length)
  return workspace
}

/** Whether an input and an output of so many bytes together can be worked on at all. */
export function fitsCodecKernel(length: number): boolean {
  return length < MEMORY_MAX - PAGE
}

/**
 * `input` as LZ4 behind its length as a varint, or `undefined` if that would take more than `limit` bytes.
 * The last 64 KiB of `dictionary` count as if they stood before the input. The result is a view that the next
 * call overwrites.
 */
export function lz4Compress(
  input: Uint8Array,
  limit: number,
  dictionary: Uint8Array = noBytes,
): Uint8Array | undefined {
  const history = dictionary.length > HISTORY_MAX ? dictionary.subarray(-HISTORY_MAX) : dictionary
  const outputMax = input.length + Math.ceil(input.length / 255) + 16
  const { kernel, area, bytes } = workspaceFor(history.length + input.length + outputMax + 3 * GAP)
  const source = area + history.length
  const end = source + input.length
  const into = end + 2 * GAP
  bytes.set(history, area)
  bytes.set(input, source)
  const prefix = varintLength(input.length)
  const length = kernel.lz4Compress(area, source, end, into, Math.max(0, limit - prefix)) >>> 0
  return length === 0 ? undefined : showOutput(bytes, into, prefix, input.length, length)
}

/**
 * `input` as Snappy, which begins with its length, or `undefined` if that would take more than `limit` bytes.
 * The result is a view that the next call overwrites.
 */
export function snappyCompress(input: Uint8Array, limit: number): Uint8Array | undefined {
  const outputMax = input.length + Math.ceil(input.length / 6) + 32
  const { kernel, area, bytes } = workspaceFor(input.length + outputMax + 3 * GAP)
  const end = area + input.length
  const into = end + 2 * GAP
  bytes.set(input, area)
  const prefix = varintLength(input.length)
  const length = kernel.snappyCompress(area, end, into, Math.max(0, limit - prefix)) >>> 0
  return length === 0 ? undefined : showOutput(bytes, into, prefix, input.length, length)
}

/** The output with the varint of the input's length in front, as a view of the kernels' memory. */
function showOutput(
  bytes: Uint8Array,
  into: number,
  prefix: number,
  inputLength: number,
  length: number,
): Uint8Array {
  writeVarint(bytes, into - prefix, inputLength)
  return bytes.subarray(into - prefix, into + length)
}

/**
 * Decompresses the LZ4 block payload[start..) to `length` bytes; `undefined` if it is not one of that length.
 * The result lies in `memory`.
 */
export function lz4Decompress(
  payload: Uint8Array,
  start: number,
  length: number,
  memory: BlockMemory = newMemory,
  dictionary: Uint8Array = noBytes,
): Uint8Array | undefined {
  const history = dictionary.length > HISTORY_MAX ? dictionary.subarray(-HISTORY_MAX) : dictionary
  const inputLength = payload.length - start
  const { kernel, area, bytes } = workspaceFor(inputLength + history.length + length + 2 * GAP)
  const into = area + inputLength + GAP + history.length
  bytes.set(start === 0 ? payload : payload.subarray(start), area)
  bytes.set(history, into - history.length)
  const isWhole =
    kernel.lz4Decompress(area, area + inputLength, into - history.length, into, into + length) !== 0
  return isWhole ? memory.copyOf(bytes, into, into + length) : undefined
}

/**
 * Decompresses the elements payload[start..) of a Snappy block to `length` bytes, or gives `undefined`. The
 * result lies in `memory`.
 */
export function snappyDecompress(
  payload: Uint8Array,
  start: number,
  length: number,
  memory: BlockMemory = newMemory,
): Uint8Array | undefined {
  const inputLength = payload.length - start
  const { kernel, area, bytes } = workspaceFor(inputLength + length + 2 * GAP)
  const into = area + inputLength + GAP
  bytes.set(payload.subarray(start), area)
  const isWhole = kernel.snappyDecompress(area, area + inputLength, into, into + length) !== 0
  return isWhole ? memory.copyOf(bytes, into, into + length) : undefined
}
