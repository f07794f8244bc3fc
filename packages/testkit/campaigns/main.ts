/**
 * The campaigns, one after another: hours of what `.ci/run` does for a minute each.
 *
 *     node --expose-gc packages/testkit/campaigns/main.ts [--only crash,flips] [--part 0.01]
 *
 * Prints a line for the ledger (docs/measurements/reliability.md) when a campaign has ended: the command that repeats
 * it and what that counted. Goes on after a failure, and ends with 1 when there was one.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Campaign, campaigns } from './campaigns.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, part: { type: 'string', default: '1' } },
})
const names = values.only?.split(',') ?? [...new Set(campaigns.map(({ name }) => name))]
const unknown = names.filter(name => !campaigns.some(campaign => campaign.name === name))
if (unknown.length > 0) throw new Error(`there is no campaign ${unknown.join(', ')}`)

let failed = 0
for (const campaign of campaigns.filter(({ name }) => names.includes(name))) {
  await run(campaign, Math.max(1, Math.round(campaign.size * Number(values.part))))
}
console.log(`campaigns: ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function run(campaign: Campaign, size: number): Promise<void> {
  const args = campaign.argumentsFor(size)
  const program = join(import.meta.dirname, '..', campaign.program)
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  const [code, signal] = await once(child, 'close')
  if (code !== 0) {
    failed++
    console.log(output)
  }
  const ending = code === 0 ? '' : `**ended with ${code ?? signal}** `
  console.log(`| \`${campaign.program} ${args.join(' ')}\` | ${ending}${closingLines(output)} |`)
}

/** Most programs close with one line of counts, some with one for each part. */
function closingLines(output: string): string {
  const lines = output.trimEnd().split('\n')
  const counts = lines.filter(line => / \d+ (failed|differences|survived|grown)\b/.test(line))
  return (counts.length > 0 ? counts : lines.slice(-1)).join('; ')
}
