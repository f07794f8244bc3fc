import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashModes, Random, type SimulatedDisk } from '../disk/index.ts'
import { recordScript, SweepError, scriptNamed } from './index.ts'
import { judge } from './judge.ts'
import { MetDisks } from './met-disks.ts'

const script = scriptNamed('puts')
const snapshots = await recordScript(script, 1)
const nothing = new Map()

function contentOf(disk: SimulatedDisk): string[] {
  return disk
    .filesBelow()
    .map(path => `${path} ${Buffer.from(disk.fileNode(path).content.bytes()).toString('base64')}`)
}

test('disks are taken for the same only where every byte of every file is', () => {
  const met = new MetDisks()
  const seen = new Set<string>()
  let again = 0
  for (const [k, { disk }] of snapshots.entries()) {
    for (const mode of crashModes) {
      const crashed = disk.crash(mode, new Random(k))
      const content = contentOf(crashed).join()
      if (met.find(crashed) !== undefined) {
        assert.ok(seen.has(content))
        again++
      }
      met.add(crashed, nothing)
      seen.add(content)
    }
  }
  assert.ok(again > 0 && seen.size > 10)
})

test('a disk met before is judged by the bounds of its own moment', async () => {
  const met = new MetDisks()
  const { disk, moment } = snapshots[snapshots.length - 1]
  const crashed = () => disk.crash('keepAll', new Random(1))
  assert.equal(await judge(crashed(), script, moment, disk, met), 'right')
  assert.equal(await judge(crashed(), script, moment, disk, met), 'right, on a disk met before')
  const tooMany = { ...moment, issued: 1, durable: 0 }
  await assert.rejects(judge(crashed(), script, tooMany, disk, met), SweepError)
})
