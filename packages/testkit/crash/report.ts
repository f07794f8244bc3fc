/**
 * What the process that is killed says on descriptor 3, eight bytes each: what it is about to do, and what has been
 * acknowledged:
 *
 *     report := kind u32le (0 opened, 1 issued, 2 acknowledged), step u32le
 *
 * A report is written before the child goes on, and a pipe outlives its writer, so the parent knows of every
 * acknowledgement that anybody could know of.
 */
export const Report = { opened: 0, issued: 1, acknowledged: 2 } as const

export const REPORT_LENGTH = 8
