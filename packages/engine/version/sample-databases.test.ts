import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isVarveError } from '@varve/format/errors'
import { blobName, tableName } from '@varve/format/names'
import { NodeFileSystem } from '../fs/index.ts'
import { VersionSet } from './version-set.ts'

const vectors = new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url)
const samples: Record<string, Record<string, string>> = JSON.parse(readFileSync(vectors, 'utf8'))

/** What makes a sample one that is refused at open. */
const refused: Record<string, RegExp> = {
  '11.9.0/udt': /comparator leveldb\.BytewiseComparator\.u64ts/,
  '11.9.0/udt_nopersist': /comparator leveldb\.BytewiseComparator\.u64ts/,
}

describe("MANIFESTs of C++ RocksDB's sample databases", () => {
  for (const [name, files] of Object.entries(samples)) {
    test(
      name in refused ? `${name} is refused by name` : `${name} is recovered with just the files it has`,
      async () => {
        const directory = mkdtempSync(join(tmpdir(), 'varve-sample-'))
        for (const [file, base64] of Object.entries(files))
          writeFileSync(join(directory, file), base64, 'base64')
        const options = {
          fs: new NodeFileSystem(),
          directory,
          maxManifestFileSize: 1e9,
          levelCountOf: () => 7,
        }
        try {
          if (name in refused) {
            await assert.rejects(
              VersionSet.recover(options),
              error => isVarveError(error, 'NOT_SUPPORTED') && refused[name].test(error.message),
            )
            return
          }
          const versions = await VersionSet.recover(options)
          const tables = Object.keys(files).filter(file => /\.(sst|blob)$/.test(file))
          const blobs = new Set(
            [...versions.columnFamilies.values()].flatMap(({ current }) =>
              current.blobFiles.map(({ file }) => file.number),
            ),
          )
          const live = [...versions.liveFileNumbers()].map(n => (blobs.has(n) ? blobName(n) : tableName(n)))
          assert.deepEqual(live.sort(), tables.sort())
          for (const family of versions.columnFamilies.values()) {
            for (const { number, size } of family.current.files()) {
              assert.equal(size, Buffer.from(files[tableName(number)], 'base64').length)
            }
          }
        } finally {
          rmSync(directory, { recursive: true })
        }
      },
    )
  }
})
