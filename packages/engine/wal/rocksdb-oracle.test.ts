import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BatchCursor, BatchEncoder } from '@varve/format/batch'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { NodeFileSystem } from '../fs/index.ts'
import { encodeEvidence, evidenceRecord, WalReplay, WalWriter } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-wal-'))
after(() => rmSync(root, { recursive: true, force: true }))

const skip = spawnSync('ldb', ['--help']).error !== undefined && 'not run: ldb is not installed'

function ldb(directory: string, ...words: string[]): string {
  const { stdout, stderr, status } = spawnSync('ldb', [`--db=${directory}`, ...words], { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
  return stdout
}

test('C++ RocksDB reads our logs and passes over the evidence in them', { skip }, async () => {
  const directory = join(root, 'ours')
  ldb(directory, '--create_if_missing', 'put', 'k0', 'v0')
  const file = await new NodeFileSystem().open(join(directory, '000099.log'), 'create')
  const writer = new WalWriter(file, 99)
  const evidence = () =>
    encodeEvidence({ walNumber: 99, walSynced: writer.syncedSize, manifestNumber: 5, manifestSynced: 60 })
  writer.appendSync(evidenceRecord(2, evidence()))
  for (let sequence = 2; sequence < 100; sequence++) {
    const encoder = new BatchEncoder()
    const value = sequence === 50 ? 'x'.repeat(40_000) : 'v'
    encoder.putRecord(0, encodeUtf8(`k${sequence}`), encodeUtf8(value))
    if (sequence % 10 === 0) {
      await writer.sync()
      encoder.logData(evidence())
    }
    writer.appendSync(encoder.finish(sequence))
  }
  await writer.close()
  const rows = ldb(directory, 'scan').trim().split('\n')
  assert.equal(rows.length, 99)
  assert.match(ldb(directory, 'checkconsistency'), /OK/)
})

test('we read the logs of C++ RocksDB, in every mode', { skip }, () => {
  const directory = join(root, 'theirs')
  ldb(directory, '--create_if_missing', 'put', 'a', '1')
  ldb(directory, 'batchput', 'b', '2', 'c', '3')
  ldb(directory, 'delete', 'a')
  const names = readdirSync(directory).filter(name => name.endsWith('.log'))
  assert.ok(names.length > 0)
  for (const mode of ['strict', 'kAbsoluteConsistency', 'kPointInTimeRecovery'] as const) {
    const seen: string[] = []
    const replay = new WalReplay({
      mode,
      onBatch: batch => {
        const cursor = new BatchCursor(batch)
        while (cursor.next()) seen.push(`${cursor.recordSequence} ${cursor.tag} ${decodeUtf8(cursor.key())}`)
      },
    })
    for (const name of names.sort()) {
      const bytes = readFileSync(join(directory, name))
      assert.equal(replay.replay({ bytes, number: Number.parseInt(name, 10), file: name }).end, 'clean')
    }
    assert.equal(seen.at(-1), '4 0 a')
  }
})
