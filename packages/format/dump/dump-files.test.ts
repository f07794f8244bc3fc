import assert from 'node:assert/strict'
import test from 'node:test'
import { concatBytes, fromHex } from '../bytes/index.ts'
import { loadVectors, sampleFiles } from '../test/vectors.ts'
import { matchGolden } from './golden.ts'
import { dumpBlob, dumpCurrent, dumpManifest, dumpOptions, dumpWal, type LineSink } from './index.ts'

const wals = loadVectors<Record<string, { hex: string }>>('wal')
const manifests = loadVectors<Record<string, { hex: string }>>('manifest')
const blobs = loadVectors<Record<string, { hex: string }>>('blob')

function linesOf(dump: (write: LineSink) => void): string[] {
  const lines: string[] = []
  dump(line => lines.push(line))
  return lines
}

function golden(name: string, dump: (write: LineSink) => void): void {
  matchGolden(new URL(`./golden/${name}.txt`, import.meta.url), linesOf(dump))
}

test('a WAL is shown byte by byte', () => {
  golden('wal', write => dumpWal(fromHex(wals['wal3_by_7.8.3'].hex), write))
})

test('prepared transactions are shown', () => {
  golden('wal-two-phase-commit', write => dumpWal(fromHex(wals['two_phase_commit_by_7.8.3'].hex), write))
})

test('a recycled WAL shows its log numbers', () => {
  golden('wal-recyclable', write => dumpWal(fromHex(wals['recyclable_lognum7'].hex), write, { logNumber: 7 }))
})

test('what a WAL says about itself is shown', () => {
  golden('wal-predecessor', write => dumpWal(fromHex(wals['predecessor_info_by_11.9'].hex), write))
  golden('wal-timestamps', write => dumpWal(fromHex(wals['user_defined_timestamp_by_11.9'].hex), write))
})

test('damage in a WAL is shown in its place', () => {
  const bytes = fromHex(wals['wal3_by_7.8.3'].hex)
  bytes[50] ^= 1
  golden('wal-damaged', write => dumpWal(bytes, write))
})

test('a MANIFEST is shown byte by byte', () => {
  golden('manifest-tiny', write => dumpManifest(fromHex(manifests['tiny_by_7.8.3'].hex), write))
  golden('manifest-tiny-11.9', write => dumpManifest(fromHex(manifests['tiny_by_11.9'].hex), write))
  golden('manifest-column-families', write =>
    dumpManifest(fromHex(manifests['cfs_blobs_atomicflush_waltracking_dbid_by_7.8.3'].hex), write),
  )
})

test('a blob file is shown byte by byte', () => {
  golden('blob', write => dumpBlob(fromHex(blobs['plain_783'].hex), write))
  golden('blob-torn', write => dumpBlob(fromHex(blobs['snappy_783'].hex).subarray(0, 130), write))
})

test('OPTIONS and CURRENT are shown', () => {
  const options = `[Version]
  rocksdb_version=7.8.3
  options_file_version=1.1
[DBOptions]
  max_open_files=-1
[CFOptions "default"]
  merge_operator={id=StringAppendOperator;delimiter=\\:;}
  comparator=leveldb.BytewiseComparator
[TableOptions/BlockBasedTable "default"]
  block_size=4096
`
  golden('options', write => dumpOptions(options, write))
  golden('current', write => dumpCurrent(Buffer.from('MANIFEST-000005\n'), write))
})

test('every byte of a log is in its dump', () => {
  for (const { path, name, bytes } of sampleFiles()) {
    const dump = name.startsWith('MANIFEST-') ? dumpManifest : name.endsWith('.log') ? dumpWal : undefined
    if (dump === undefined) continue
    const shown = linesOf(write => dump(bytes, write)).flatMap(line => {
      const match = /^([0-9a-f]{5,}) {2}((?:[0-9a-f]{2}(?: |$))+)/.exec(line)
      return match === null
        ? []
        : [{ at: Number.parseInt(match[1], 16), hex: match[2].trim().replaceAll(' ', '') }]
    })
    let end = 0
    for (const { at, hex } of shown) {
      assert.equal(at, end, path)
      end += hex.length / 2
    }
    assert.deepEqual(concatBytes(...shown.map(({ hex }) => fromHex(hex))), bytes, path)
  }
})

test('damaged files are dumped to their end', () => {
  const files = [
    [dumpWal, wals['wal3_by_7.8.3'].hex],
    [dumpManifest, manifests['tiny_by_7.8.3'].hex],
    [dumpBlob, blobs['plain_783'].hex],
  ] as const
  for (const [dump, hex] of files) {
    const bytes = fromHex(hex)
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at] ^= 0x41
      assert.ok(linesOf(write => dump(damaged, write)).length > 0)
    }
  }
})
