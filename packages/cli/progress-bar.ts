/**
 * How far a long command has come, on standard error: one line, redrawn a few times a second, and only when
 * standard error is a terminal. `finish` removes it.
 *
 *     loading  1,204,000 rows  401,333 rows/s  212.4 MiB  70.8 MiB/s  [########------------]  42 %  ETA 0:04
 */
const REDRAW_MS = 100
const BAR_WIDTH = 20

/** The rate is that of the last seconds, not of the whole run. */
const RATE_WINDOW_MS = 3000

const MIB = 1024 * 1024

/** What of a terminal's stream is needed; `process.stderr` is one. */
export interface Terminal {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export interface Progress {
  bytes: number
  rows?: number
}

interface Moment {
  at: number
  bytes: number
  rows: number
}

export class ProgressBar {
  private readonly verb: string
  private readonly totalBytes: number | undefined
  private readonly stream: Terminal | undefined
  private readonly moments: Moment[] = [{ at: performance.now(), rows: 0, bytes: 0 }]
  private drawnAt = Number.NEGATIVE_INFINITY
  private isDrawn = false

  /** `totalBytes`, when known, gives the bar, the percentage and the time left. */
  constructor(verb: string, totalBytes?: number, stream: Terminal = process.stderr) {
    this.verb = verb
    this.totalBytes = totalBytes
    this.stream = stream.isTTY ? stream : undefined
  }

  update(progress: Progress): void {
    const at = performance.now()
    if (this.stream === undefined || at - this.drawnAt < REDRAW_MS) return
    this.drawnAt = at
    this.remember({ at, bytes: progress.bytes, rows: progress.rows ?? 0 })
    const width = (this.stream.columns ?? 80) - 1
    this.stream.write(`\r${this.describe(progress).slice(0, width)}\x1b[K`)
    this.isDrawn = true
  }

  finish(): void {
    if (this.isDrawn) this.stream?.write('\r\x1b[K')
    this.isDrawn = false
  }

  private remember(moment: Moment): void {
    this.moments.push(moment)
    while (this.moments.length > 2 && moment.at - this.moments[0].at > RATE_WINDOW_MS) this.moments.shift()
  }

  private describe({ rows, bytes }: Progress): string {
    const first = this.moments[0]
    const last = this.moments[this.moments.length - 1]
    const seconds = Math.max((last.at - first.at) / 1000, 0.001)
    const byteRate = (last.bytes - first.bytes) / seconds
    const parts = [this.verb, formatBytes(bytes), `${formatBytes(byteRate)}/s`]
    if (rows !== undefined) {
      const rowRate = Math.round((last.rows - first.rows) / seconds)
      parts.splice(1, 0, `${formatCount(rows)} rows`, `${formatCount(rowRate)} rows/s`)
    }
    if (this.totalBytes !== undefined) parts.push(...remaining(bytes, this.totalBytes, byteRate))
    return parts.join('  ')
  }
}

function remaining(bytes: number, totalBytes: number, byteRate: number): string[] {
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes)
  const filled = Math.round(share * BAR_WIDTH)
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`
  const eta = byteRate > 0 ? formatDuration((totalBytes - bytes) / byteRate) : '?'
  return [bar, `${Math.floor(share * 100)} %`, `ETA ${eta}`]
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  return bytes < MIB ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`
}

/** `m:ss`, or `h:mm:ss`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}
