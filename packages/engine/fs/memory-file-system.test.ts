import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testFileSystem } from './file-system-suite.ts'
import { MemoryContent } from './memory-file.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

testFileSystem('files in memory', async () => {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory('/place')
  return { fs, directory: '/place' }
})

test('a file is what was written, wherever its pieces begin and end, also from another thread', () => {
  const step = fc.record({
    at: fc.integer({ min: 0, max: 700_000 }),
    length: fc.oneof(fc.nat(10_000), fc.integer({ min: 0, max: 600_000 })),
    cut: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), steps => {
      const content = new MemoryContent()
      let expected: Uint8Array = new Uint8Array(0)
      for (const [index, { at, length, cut }] of steps.entries()) {
        const size = cut ? at : Math.max(expected.length, at + length)
        const next = new Uint8Array(size)
        next.set(expected.subarray(0, size))
        if (cut) content.truncate(at)
        else {
          const bytes = new Uint8Array(length).fill(index + 1)
          next.set(bytes, at)
          content.write(bytes, at)
        }
        expected = next
      }
      for (const seen of [content, MemoryContent.attach(content.share('a'))]) {
        assert.equal(seen.size, expected.length)
        const bytes = new Uint8Array(expected.length + 10)
        assert.equal(seen.read(bytes, 0), expected.length)
        assert.equal(Buffer.compare(bytes.subarray(0, expected.length), expected), 0)
      }
    }),
    { numRuns: 60 },
  )
})

test('a job sees the files that it was given, and what it makes can be taken over', () => {
  const fs = new MemoryFileSystem()
  const write = (on: MemoryFileSystem, path: string, text: string) => {
    const file = on.openSync(path, 'create')
    file.writeSync(Buffer.from(text), 0)
    file.closeSync()
  }
  write(fs, '/a', 'first')
  write(fs, '/b', 'hidden')
  const shared = structuredClone(fs.share(['/a', '/missing']))
  const job = MemoryFileSystem.attach(shared, '/')
  assert.throws(() => job.openSync('/b', 'read'), { code: 'NOT_FOUND' })
  write(job, '/made', 'by the job')
  write(job, '/given up', '')
  job.unlinkSync('/given up')
  const made = job.made(shared)
  assert.deepEqual(
    made.map(({ path }) => path),
    ['/made'],
  )
  fs.adopt(structuredClone(made))
  const bytes = new Uint8Array(10)
  fs.openSync('/made', 'read').readSync(bytes, 0)
  assert.equal(Buffer.from(bytes).toString(), 'by the job')
})
