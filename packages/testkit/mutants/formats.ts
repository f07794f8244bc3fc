/** Bugs in bytes: checksums, lengths, numbers. */
import type { Mutant } from './mutant.ts'

export const formatMutants: readonly Mutant[] = [
  {
    id: 'M41',
    what: 'the type byte is left out of XXH3 checksums',
    file: 'packages/format/checksum/block-checksum.ts',
    find: '^ Math.imul(typeByte, XXH3_TYPE_MULTIPLIER)) >>> 0',
    replace: '^ Math.imul(0 * typeByte, XXH3_TYPE_MULTIPLIER)) >>> 0',
    killers: ['packages/format/checksum/checksum.test.ts'],
  },
  {
    id: 'M41b',
    what: 'the checksum of a block far behind in its file leaves out the upper half of the offset',
    file: 'packages/format/checksum/block-checksum.ts',
    find: '(offset + Math.floor(offset / 0x1_0000_0000))',
    replace: 'offset',
    killers: ['packages/format/checksum/checksum.test.ts'],
  },
  {
    id: 'M41c',
    what: 'an entry at a restart point shares bytes with the one before it',
    file: 'packages/format/block/block-builder.ts',
    find: 'if (this.sinceRestart >= this.restartInterval) this.addRestart()\n    else if (this.length > 0) shared = common',
    replace:
      'if (this.sinceRestart >= this.restartInterval) this.addRestart()\n    if (this.length > 0) shared = common',
    killers: ['packages/format/block/block-cursor.test.ts'],
  },
  {
    id: 'M41d',
    what: 'two restart points in one bucket of a hash index: the last one stays',
    file: 'packages/format/block/hashed-block-builder.ts',
    find: 'buckets[bucket] = HashBucket.Collision',
    replace: 'buckets[bucket] = restart',
    killers: ['packages/format/block/hashed-block-builder.test.ts'],
  },
  {
    id: 'M41e',
    what: 'partitions of an index keep user keys when a later one needs internal keys',
    file: 'packages/format/block/partitioned-index-builder.ts',
    find: 'write(partition.finish(this.userKeys))',
    replace: 'write(partition.finish())',
    killers: ['packages/format/block/partitioned-index-builder.test.ts'],
  },
  {
    id: 'M42',
    what: 'as much memory is taken as a compressed block declares',
    file: 'packages/format/compress/decompress.ts',
    find: 'if (size > reader.remaining * expansion + EXPANSION_SLACK || !fitsCodecKernel(size + reader.bytes.length)) {',
    replace: 'if (size < 0 || expansion < 0) {',
    killers: ['packages/format/compress/compress.test.ts'],
  },
  {
    id: 'M43',
    what: 'a length of 2^31 or more is taken for a negative number',
    file: 'packages/format/bytes/byte-reader.ts',
    find: 'if (value > 0xffff_ffff) break\n        return value\n',
    replace: 'if (value > 0xffff_ffff) break\n        return value | 0\n',
    killers: ['packages/format/bytes/varint.test.ts'],
  },
  {
    id: 'M43b',
    what: 'a length that runs past the end is cut to what is there',
    file: 'packages/format/bytes/byte-reader.ts',
    find: 'if (length > this.end - this.position) throw',
    replace: 'if (length > 2 ** 32) throw',
    killers: ['packages/format/bytes/byte-reader.test.ts'],
  },
  {
    id: 'M44',
    what: 'sequence numbers lose what is above 32 bits',
    file: 'packages/format/key/internal-key.ts',
    find: 'return Math.floor(sequence / 0x100_0000) >>> 0',
    replace: 'return sequence >>> 24',
    killers: ['packages/format/key/internal-key.test.ts'],
  },
]
