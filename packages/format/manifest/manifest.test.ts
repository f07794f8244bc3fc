import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ByteWriter, concatBytes, encodeUtf8, fromHex, toHex } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { attempt, surviveDamage } from '../test/hostile.ts'
import { loadVectors, sampleFiles } from '../test/vectors.ts'
import { LogFramer, LogReader } from '../wal/index.ts'
import { decodeVersionEdit, encodeVersionEdit, type NewFile, type VersionEdit } from './index.ts'

interface ManifestVector {
  hex: string
  records: { offset: number; payloadHex: string; fields: [name: string, value?: unknown][] }[]
}

const { note: _, ...manifests } = loadVectors<Record<string, ManifestVector>>('manifest')

/** An edit in the words of the vectors: the fields by name, with what identifies each. */
function fieldsOf(edit: VersionEdit): Map<string, unknown[]> {
  const fields = new Map<string, unknown[]>()
  const add = (name: string, value: unknown) => {
    if (value !== undefined) fields.set(name, [...(fields.get(name) ?? []), value])
  }
  const hex = (text: string | undefined) => (text === undefined ? undefined : toHex(encodeUtf8(text)))
  add('db_id', hex(edit.databaseId))
  add('comparator', hex(edit.comparator))
  add('log_number', edit.logNumber)
  add('prev_log', edit.prevLogNumber)
  add('next_file', edit.nextFileNumber)
  add('last_seq', edit.lastSequence)
  add('max_cf', edit.maxColumnFamily)
  add('min_log_to_keep', edit.minLogNumberToKeep)
  for (const { level, number } of edit.deletedFiles ?? []) add('delete_file', [level, number])
  for (const { level, number, size, smallest, largest, smallestSequence, largestSequence } of edit.newFiles ??
    []) {
    add('new_file103', [
      level,
      number,
      size,
      toHex(smallest),
      toHex(largest),
      smallestSequence,
      largestSequence,
    ])
  }
  for (const { number, totalCount, totalBytes, checksumMethod, checksumValue } of edit.blobAdditions ?? []) {
    add('blob_add', [number, totalCount, totalBytes, checksumMethod, toHex(checksumValue)])
  }
  for (const { number, garbageCount, garbageBytes } of edit.blobGarbage ?? []) {
    add('blob_garbage', [number, garbageCount, garbageBytes])
  }
  for (const { number, syncedSize } of edit.walAdditions ?? []) add('wal_addition2', [number, syncedSize])
  add('wal_deletion2', edit.walDeletion)
  add('cf', edit.columnFamily)
  add('cf_add', hex(edit.columnFamilyAdd))
  add('cf_drop', edit.columnFamilyDrop)
  add('atomic_group_remaining', edit.remainingInGroup)
  add('persist_udt', edit.persistTimestamps)
  add('last_compacted_manifest_size', edit.lastCompactedManifestSize)
  return fields
}

/** The same of what a vector says. */
function expectedFields(fields: ManifestVector['records'][number]['fields']): Map<string, unknown[]> {
  const expected = new Map<string, unknown[]>()
  for (const [name, raw, ...rest] of fields) {
    const value = rest.length > 0 ? [raw, ...rest] : raw
    expected.set(name, [...(expected.get(name) ?? []), expectedValue(name, value)])
  }
  return expected
}

function expectedValue(name: string, value: unknown): unknown {
  if (name === 'cf_drop') return true
  if (name === 'new_file103') {
    const file = value as Record<string, unknown>
    return [
      file['level'],
      file['num'],
      file['size'],
      file['smallest'],
      file['largest'],
      file['smin'],
      file['smax'],
    ]
  }
  if (name === 'persist_udt') return value === '01'
  if (name === 'wal_deletion2' || name === 'last_compacted_manifest_size') return fromHex(value as string)[0]
  if (name === 'wal_addition2') {
    const payload = fromHex(value as string)
    const low = payload[2] & 0x7f
    return [payload[0], payload[2] < 0x80 ? low : low + payload[3] * 128]
  }
  return value
}

function records(bytes: Uint8Array): Uint8Array[] {
  const reader = new LogReader(bytes)
  const payloads: Uint8Array[] = []
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    assert.equal(item.kind, 'record')
    if (item.kind === 'record') payloads.push(item.payload)
  }
  return payloads
}

test('every field of every edit in the vectors is read', () => {
  for (const { records } of Object.values(manifests)) {
    for (const { payloadHex, fields } of records) {
      assert.deepEqual(fieldsOf(decodeVersionEdit(fromHex(payloadHex))), expectedFields(fields))
    }
  }
})

test('MANIFESTs that RocksDB wrote come out bit for bit when decoded and encoded again', () => {
  const files = sampleFiles().filter(({ name }) => name.startsWith('MANIFEST-'))
  const fromVectors = Object.entries(manifests).map(([path, { hex }]) => ({ path, bytes: fromHex(hex) }))
  assert.ok(files.length >= 23)
  for (const { path, bytes } of [...files, ...fromVectors]) {
    const writer = new ByteWriter()
    const framer = new LogFramer()
    for (const payload of records(bytes)) framer.frame(writer, encodeVersionEdit(decodeVersionEdit(payload)))
    assert.equal(toHex(writer.view()), toHex(bytes), path)
  }
})

const number = fc.maxSafeNat()
const bytes = fc.uint8Array({ maxLength: 30 })
const key = fc.uint8Array({ minLength: 8, maxLength: 40 })
const level = fc.nat(63)
const byte = fc.nat(255)
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter(text => !text.startsWith('\ufeff'))
const otherFields = fc.array(fc.record({ tag: fc.integer({ min: 18, max: 63 }), value: bytes }), {
  minLength: 1,
})

const newFile: fc.Arbitrary<NewFile> = fc.record(
  {
    level,
    number,
    size: number,
    smallest: key,
    largest: key,
    smallestSequence: number,
    largestSequence: number,
    needCompaction: fc.boolean(),
    oldestBlobFileNumber: number,
    oldestAncestorTime: number,
    fileCreationTime: number,
    fileChecksum: bytes,
    fileChecksumName: text,
    temperature: byte,
    minTimestamp: bytes,
    maxTimestamp: bytes,
    uniqueId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    epochNumber: number,
    compensatedRangeDeletionSize: number,
    tailSize: number,
    timestampsPersisted: fc.boolean(),
    openMetadata: bytes,
    pathId: byte,
    minLogNumberToKeep: number,
    otherFields,
  },
  {
    requiredKeys: ['level', 'number', 'size', 'smallest', 'largest', 'smallestSequence', 'largestSequence'],
  },
)

function some<T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(item, { minLength: 1, maxLength: 4 })
}

const versionEdit: fc.Arbitrary<VersionEdit> = fc.record(
  {
    databaseId: text,
    comparator: text,
    logNumber: number,
    prevLogNumber: number,
    nextFileNumber: number,
    lastSequence: number,
    maxColumnFamily: fc.nat(0xffff_ffff),
    minLogNumberToKeep: number,
    compactCursors: some(fc.record({ level, key })),
    deletedFiles: some(fc.record({ level, number })),
    newFiles: some(newFile),
    blobAdditions: some(
      fc.record(
        {
          number,
          totalCount: number,
          totalBytes: number,
          checksumMethod: text,
          checksumValue: bytes,
          otherFields,
        },
        { requiredKeys: ['number', 'totalCount', 'totalBytes', 'checksumMethod', 'checksumValue'] },
      ),
    ),
    blobGarbage: some(
      fc.record(
        { number, garbageCount: number, garbageBytes: number, otherFields },
        { requiredKeys: ['number', 'garbageCount', 'garbageBytes'] },
      ),
    ),
    walAdditions: some(fc.record({ number, syncedSize: number }, { requiredKeys: ['number'] })),
    walDeletion: number,
    columnFamily: fc.integer({ min: 1, max: 0xffff_ffff }),
    columnFamilyAdd: text,
    columnFamilyDrop: fc.constant(true as const),
    remainingInGroup: fc.nat(0xffff_ffff),
    fullHistoryTsLow: bytes,
    persistTimestamps: fc.boolean(),
    lastCompactedManifestSize: number,
  },
  { requiredKeys: [] },
)

/** fast-check makes records without a prototype; `deepEqual` is strict about that. */
function plain(edit: VersionEdit): VersionEdit {
  return structuredClone(edit)
}

test('an edit that was encoded is decoded', () => {
  fc.assert(
    fc.property(versionEdit, edit => {
      assert.deepEqual(plain(decodeVersionEdit(encodeVersionEdit(edit))), plain(edit))
    }),
  )
})

test('an empty edit is legal', () => {
  assert.deepEqual(decodeVersionEdit(new Uint8Array()), {})
  assert.equal(encodeVersionEdit({}).length, 0)
})

test('new files in the forms of LevelDB and early RocksDB are read', () => {
  const bounds = fromHex('0961010100000000000009630103000000000000')
  const expected = {
    level: 2,
    number: 10,
    size: 1024,
    smallest: bounds.slice(1, 10),
    largest: bounds.slice(11),
  }
  const first = concatBytes(fromHex('07020a8008'), bounds)
  assert.deepEqual(decodeVersionEdit(first).newFiles, [
    { ...expected, smallestSequence: 0, largestSequence: 0 },
  ])
  const second = concatBytes(fromHex('64020a8008'), bounds, Uint8Array.of(1, 3))
  assert.deepEqual(decodeVersionEdit(second).newFiles, [
    { ...expected, smallestSequence: 1, largestSequence: 3 },
  ])
  const third = concatBytes(fromHex('66020a018008'), bounds, Uint8Array.of(1, 3))
  assert.deepEqual(decodeVersionEdit(third).newFiles, [
    { ...expected, smallestSequence: 1, largestSequence: 3, pathId: 1 },
  ])
})

test('an unknown field is skipped when its tag says so, and is corrupt otherwise', () => {
  assert.deepEqual(decodeVersionEdit(fromHex('82c00103aabbcc0204')), { logNumber: 4 })
  assert.throws(
    () => decodeVersionEdit(fromHex('02040b03aabbcc'), 'MANIFEST-000005', 7),
    (error: unknown) => error instanceof CorruptionError && error.offset === 9,
  )
})

test('a name that is not UTF-8 is refused, not changed', () => {
  assert.throws(() => decodeVersionEdit(fromHex('c90102c328')), /not UTF-8/)
})

test('a boundary key without a trailer is corrupt, and says where', () => {
  assert.throws(
    () => decodeVersionEdit(fromHex('67000986080361626309630103000000000000'), 'MANIFEST-000005', 100),
    (error: unknown) => error instanceof CorruptionError && error.offset === 105,
  )
})

test('damage is a corruption or another edit, never anything else', () => {
  for (const { records } of Object.values(manifests)) {
    for (const { payloadHex } of records)
      surviveDamage(fromHex(payloadHex), bytes => decodeVersionEdit(bytes))
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void attempt(bytes, decodeVersionEdit)))
})
