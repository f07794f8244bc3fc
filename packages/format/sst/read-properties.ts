/**
 * Reads a table's properties block, with the one allowance that RocksDB makes for it: when a table from
 * outside is ingested, its global sequence number is written over eight bytes of this block in place, and the
 * checksum stays what it was with zeros there.
 *
 * RocksDB: table/meta_blocks.cc, ReadTablePropertiesHelper; db/external_sst_file_ingestion_job.cc
 */
import { BLOCK_TRAILER_LENGTH, type BlockHandle, DataBlock, PlainEntries } from '../block/index.ts'
import { decodeUtf8, readUint32, readUint64 } from '../bytes/index.ts'
import { CorruptionError, isVarveError } from '../errors/index.ts'
import { type BlockContext, decodeBlockPayload, expectedChecksum } from './block-payload.ts'
import { type ByteSource, readExactly } from './byte-source.ts'
import { decodeProperties, PropertyName, type TableProperties } from './properties.ts'

export function readProperties(
  source: ByteSource,
  handle: BlockHandle,
  context: BlockContext,
): TableProperties {
  const { file } = source
  const raw = readExactly(source, handle.offset, handle.size + BLOCK_TRAILER_LENGTH, 'properties block')
  const sound = hasSoundChecksum(raw, handle.offset, context)
  if (!sound && !isSoundWithoutGlobalSequence(raw, handle.offset, context)) {
    throw new CorruptionError('properties block checksum mismatch', file, handle.offset)
  }
  const payload = decodeBlockPayload(raw, handle.offset, context, { file, verify: false })
  return decodeProperties(payload, file, handle.offset)
}

/**
 * The sequence number that every key of the table stands for, if it is not each key's own: the one in the
 * properties, else `largestSequence` as the MANIFEST has it. Only tables made outside a database have one.
 */
export function globalSequence(
  properties: TableProperties | undefined,
  largestSequence: number,
): number | undefined {
  const stored = properties?.raw.get(PropertyName.globalSequence)
  const version = properties?.externalVersion
  if (properties === undefined || version === undefined) {
    if (stored === undefined) return undefined
    throw new CorruptionError(
      'global sequence number without a version',
      properties?.file,
      properties?.fileOffset,
    )
  }
  if (version < 2) return undefined
  const own = stored?.length === 8 ? readUint64(stored, 0) : 0
  if (own !== 0 && largestSequence !== 0 && own !== largestSequence) {
    const what = `global sequence number ${own} is not the MANIFEST's ${largestSequence}`
    throw new CorruptionError(what, properties.file, properties.fileOffset)
  }
  return own || largestSequence || undefined
}

function hasSoundChecksum(raw: Uint8Array, offset: number, context: BlockContext): boolean {
  return readUint32(raw, raw.length - 4) === expectedChecksum(raw, offset, context)
}

function isSoundWithoutGlobalSequence(raw: Uint8Array, offset: number, context: BlockContext): boolean {
  const at = findGlobalSequence(raw.subarray(0, raw.length - BLOCK_TRAILER_LENGTH))
  if (at === undefined) return false
  const zeroed = new Uint8Array(raw) // Not `slice`: that of a Buffer is no copy.
  zeroed.fill(0, at, at + 8)
  return hasSoundChecksum(zeroed, offset, context)
}

/** Where in an unchecked properties block the global sequence number lies. */
function findGlobalSequence(payload: Uint8Array): number | undefined {
  try {
    const entries = new PlainEntries(new DataBlock(payload))
    while (entries.next()) {
      const isIt =
        decodeUtf8(entries.key.subarray(0, Math.min(entries.keyLength, 64))) === PropertyName.globalSequence
      if (isIt && entries.valueEnd - entries.valueStart === 8) return entries.valueStart
    }
  } catch (error) {
    // Damage of another kind; the caller reports the checksum.
    if (!isVarveError(error, 'CORRUPTION')) throw error
  }
  return undefined
}
