/** Times to live on the command line: `10s`, `500ms`, `2h`, or seconds without a unit. */
import { InvalidArgumentError } from 'commander'

const seconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, '': 1 }

/** In seconds. */
export function parseDuration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|)$/.exec(text) ?? []
  const duration = Number(digits) * seconds[unit]
  if (digits === '' || duration === 0)
    throw new InvalidArgumentError('It must be a time such as 500ms, 10s, 5m, 2h or 30d.')
  return duration
}
