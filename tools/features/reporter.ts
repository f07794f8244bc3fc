/** A reporter of `node --test` that counts, for each file, the tests that passed, failed and were skipped, as JSON. */
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FileCounts } from './evidence.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The part of the runner's events that is used here. */
interface TestEvent {
  type: string
  data: { file?: string; skip?: unknown; todo?: unknown; details?: { type?: string } }
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const run: Record<string, FileCounts> = {}
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.file === undefined) continue
    if (data.details?.type === 'suite') continue
    const path = relative(root, data.file).split(sep).join('/')
    const counts = (run[path] ??= { passed: 0, failed: 0, skipped: 0 })
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped++
    else if (type === 'test:pass') counts.passed++
    else counts.failed++
  }
  yield `${JSON.stringify(run, undefined, 1)}\n`
}
