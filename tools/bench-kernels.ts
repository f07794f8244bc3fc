/**
 * Times checksums, codecs and filters on blocks as tables have them; docs/measurements/kernels.md holds the
 * figures and what was decided by them.
 *
 *     node tools/bench-kernels.ts [rounds]
 *
 * Every figure is the best of many short rounds, taken in turn with the others, so that what else the machine
 * does falls out. Compare figures of one run with each other, not with those of another machine.
 */
import {
  blockChecksum,
  ChecksumType,
  checksumTypeName,
  crc32c,
  filterHash,
} from '../packages/format/checksum/index.ts'
import {
  CompressionType,
  compressBlock,
  compressionName,
  decompressBlock,
} from '../packages/format/compress/index.ts'
import {
  FastLocalBloomBuilder,
  type FilterBuilder,
  openFilter,
  RibbonBuilder,
} from '../packages/format/filter/index.ts'

interface Contender {
  name: string
  /** Bytes of input per call, for a rate; none where the call itself is the unit. */
  bytes?: number
  note?: string
  call: () => unknown
}

const ROUND_MILLISECONDS = 4
const rounds = Number(process.argv[2] ?? 60)

function measure(title: string, contenders: Contender[]): void {
  const calls = contenders.map(contender => callsPerRound(contender.call))
  const best = contenders.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      best[i] = Math.min(best[i], nanosecondsPerCall(contender.call, calls[i]))
    }
  }
  console.log(`\n${title}`)
  for (const [i, { name, bytes, note = '' }] of contenders.entries()) {
    const rate = bytes === undefined ? '' : `${((bytes / best[i]) * 1000).toFixed(0).padStart(7)} MB/s`
    console.log(`  ${name.padEnd(30)} ${best[i].toFixed(1).padStart(9)} ns ${rate.padEnd(13)} ${note}`)
  }
}

function nanosecondsPerCall(call: () => unknown, calls: number): number {
  const start = performance.now()
  for (let i = 0; i < calls; i++) call()
  return ((performance.now() - start) * 1e6) / calls
}

/** Also warms the call up. */
function callsPerRound(call: () => unknown): number {
  let calls = 64
  while (nanosecondsPerCall(call, calls) * calls < ROUND_MILLISECONDS * 1e6) calls *= 2
  return calls
}

/** A generator of noise that is the same in every run. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/**
 * A data block as `db_bench` fills it: 100-byte values of which a part `fresh` is noise and the rest repeats
 * it, behind keys that count up.
 */
function dbBenchBlock(length: number, fresh: number, seed: number): Uint8Array {
  const block = new Uint8Array(length)
  const values = noise(1 << 20, seed)
  for (let at = 0, entry = 0; at < length; entry++) {
    const key = Buffer.from(
      `\x00\x18\x64${String(1_000_000 * seed + entry).padStart(16, '0')}\x01\x02\x03\x04\x05\x00\x00\x00`,
    )
    block.set(key.subarray(0, length - at), at)
    at += key.length
    const part = Math.round(100 * fresh)
    for (let i = 0; i < 100 && at < length; i++) block[at++] = values[entry * part + (i % part)]
  }
  return block
}

function measureChecksums(size: number): void {
  const block = noise(size, 1)
  const types = [ChecksumType.XXH3, ChecksumType.XxHash64, ChecksumType.Crc32c, ChecksumType.XxHash]
  const contenders = types.map(type => ({
    name: checksumTypeName(type),
    bytes: size,
    call: () => blockChecksum(type, block, 0, size, 0),
  }))
  measure(`checksum of a block of ${size} bytes`, contenders)
}

function measureCrcs(): void {
  const contenders = [16, 32, 48, 63, 64, 128, 256, 1024].map(length => {
    const bytes = noise(length, 2)
    return { name: `${length} bytes`, bytes: length, call: () => crc32c(bytes, 0, length) }
  })
  measure('CRC32C of short records', contenders)
}

function measureCodecs(size: number, fresh: number): void {
  const blocks = Array.from({ length: 16 }, (_, i) => dbBenchBlock(size, fresh, i + 1))
  const types = [CompressionType.LZ4, CompressionType.Snappy, CompressionType.ZSTD, CompressionType.Zlib]
  const compress: Contender[] = []
  const decompress: Contender[] = []
  for (const type of types) {
    const stored = blocks.map(block => compressBlock(type, block)?.slice())
    const storedSize = stored.reduce((sum, block, i) => sum + (block ?? blocks[i]).length, 0)
    const note = `to ${((100 * storedSize) / (size * blocks.length)).toFixed(1)} %`
    let i = 0
    compress.push({
      name: compressionName(type),
      bytes: size,
      note,
      call: () => compressBlock(type, blocks[i++ & 15]),
    })
    if (stored.some(block => block === undefined)) continue
    const call = () => decompressBlock(type, stored[i++ & 15]!, 5)
    decompress.push({ name: compressionName(type), bytes: size, call })
  }
  const what = `blocks of ${size} bytes, ${100 * fresh} % of values fresh`
  measure(`compress ${what}`, compress)
  if (decompress.length > 0) measure(`decompress ${what}`, decompress)
}

function measureFilters(): void {
  const keys = Array.from({ length: 100_000 }, (_, i) => Buffer.from(`user:${String(i).padStart(11, '0')}`))
  const filter = openFilter(buildFilter(new FastLocalBloomBuilder(10), keys)!)
  const ribbon = openFilter(buildFilter(new RibbonBuilder(10), keys)!)
  let i = 0
  const nextKey = () => keys[(i = i === keys.length - 1 ? 0 : i + 1)]
  const absent = Buffer.from('nobody:0123456789')
  measure('filters, keys of 16 bytes', [
    { name: 'filterHash', call: () => filterHash(nextKey(), 0, 16) },
    { name: 'mayMatch, present', call: () => filter.mayMatch(nextKey(), 0, 16) },
    { name: 'mayMatch, absent', call: () => filter.mayMatch(absent, 0, 16) },
    { name: 'build, per 100000 keys', call: () => buildFilter(new FastLocalBloomBuilder(10), keys) },
    { name: 'Ribbon, mayMatch, present', call: () => ribbon.mayMatch(nextKey(), 0, 16) },
    { name: 'Ribbon, mayMatch, absent', call: () => ribbon.mayMatch(absent, 0, 16) },
    { name: 'Ribbon, build, per 100000 keys', call: () => buildFilter(new RibbonBuilder(10), keys) },
  ])
}

function buildFilter(builder: FilterBuilder, keys: Uint8Array[]): Uint8Array | undefined {
  for (const key of keys) builder.addKey(key, 0, key.length)
  return builder.finish()
}

for (const size of [4096, 32_768]) measureChecksums(size)
measureCrcs()
measureFilters()
for (const fresh of [0.5, 0.25, 1]) measureCodecs(4096, fresh)
measureCodecs(32_768, 0.5)
