/** A fingerprint of everything that happened in a simulation, in order: two runs of one seed must have the same. */
import type { Operation } from '../disk/index.ts'

export class Trace {
  events = 0
  private low = 0x811c_9dc5
  private high = 0x9747_b28c

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.high, this.low].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  operation({ kind, path, offset, length }: Operation): void {
    this.events++
    this.text(kind)
    this.text(path)
    this.number(offset)
    this.number(length)
  }

  /** Something else that happened, and when. */
  event(what: string, value: number): void {
    this.events++
    this.text(what)
    this.number(value)
  }

  private text(text: string): void {
    for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i))
    this.mix(0xffff)
  }

  private number(value: number): void {
    this.mix(value | 0)
    this.mix(Math.floor(value * 1e6) | 0)
  }

  private mix(word: number): void {
    this.low = Math.imul(this.low ^ word, 0x0100_0193)
    this.high = Math.imul(this.high ^ (word + (this.low >>> 15)), 0x85eb_ca6b)
    this.high ^= this.high >>> 13
  }
}
