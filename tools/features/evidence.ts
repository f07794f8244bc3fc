/** What a test run says about the features: their tests ran, each file with at least one that passed and none that failed. */
import type { Feature } from './list.ts'

export interface FileCounts {
  passed: number
  failed: number
  skipped: number
}

/** Of a test run: counts by path from the root. */
export type TestRun = Readonly<Record<string, FileCounts>>

export interface Verdict {
  /** Why a feature is not proved. */
  problems: string[]
  /** Checks beside C++ that could not run here. */
  notRun: string[]
}

export function judge(features: readonly Feature[], run: TestRun): Verdict {
  const verdict: Verdict = { problems: [], notRun: [] }
  for (const { name, tests, cpp = [] } of features) {
    for (const path of tests) {
      const problem = problemOf(run[path])
      if (problem !== undefined) verdict.problems.push(`${name}: ${path} ${problem}`)
    }
    for (const path of cpp) {
      const counts = run[path]
      if (counts !== undefined && counts.passed === 0 && counts.failed === 0 && counts.skipped > 0)
        verdict.notRun.push(`${name}: ${path}`)
      else {
        const problem = problemOf(counts)
        if (problem !== undefined) verdict.problems.push(`${name}: ${path} ${problem}`)
      }
    }
  }
  return verdict
}

function problemOf(counts: FileCounts | undefined): string | undefined {
  if (counts === undefined) return 'did not run'
  if (counts.failed > 0) return `has ${counts.failed} tests that failed`
  return counts.passed === 0 ? 'has no test that passed' : undefined
}
