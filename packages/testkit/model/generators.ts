/**
 * Keys and values in the shapes that have broken databases: empty, binary, runs of 0xff (which have no
 * successor of their length), prefixes of each other, long shared prefixes, and large ones now and then.
 */
import type { Random } from '../random.ts'

type Shape = (random: Random) => Uint8Array

const utf8 = new TextEncoder()

const keyShapes: readonly Shape[] = [
  random => utf8.encode(`key${String(random.below(10_000)).padStart(6, '0')}`),
  random => bigEndian(random.below(100_000), 8),
  random => utf8.encode(`user:${random.below(50)}:${random.pick(['name', 'mail', 'log', ''])}`),
  random => random.bytes(random.between(1, 12)),
  random => new Uint8Array(random.between(1, 6)).fill(0xff),
  random => new Uint8Array(random.between(1, 6)),
  random => withTail('ä long prefix that many keys share, so that blocks compress them: ', random),
  random => utf8.encode('abcdefghijklmnopqrstuvwxyz'.slice(0, random.below(27))),
  random => Uint8Array.of(...random.bytes(2), 0xff, 0xff, random.below(256)),
  random => random.bytes(random.between(100, 400)),
]

const valueShapes: readonly Shape[] = [
  random => utf8.encode(`value ${random.next()}`),
  random => random.bytes(random.between(1, 40)),
  () => new Uint8Array(0),
  random => new Uint8Array(random.between(1, 300)).fill(random.below(256)),
  random => utf8.encode(`{"id":${random.below(1000)},"text":"${'lorem ipsum '.repeat(random.below(12))}"}`),
  random => random.bytes(random.between(100, 1200)),
]

/** A key of any shape; at times the empty one. */
export function randomKey(random: Random): Uint8Array {
  return random.chance(0.003) ? new Uint8Array(0) : random.pick(keyShapes)(random)
}

/** A value of any shape, once in a while of `largest` bytes. */
export function randomValue(random: Random, largest = 20_000): Uint8Array {
  return random.chance(0.004) ? random.bytes(random.between(1, largest)) : random.pick(valueShapes)(random)
}

/** A fixed set of keys to draw from, so that operations meet the same keys again. */
export class KeySpace {
  readonly keys: readonly Uint8Array[]

  constructor(random: Random, size: number) {
    const keys = new Map<string, Uint8Array>([['', new Uint8Array(0)]])
    while (keys.size < size) {
      const key = keys.size % 10 === 0 ? numbered(keys.size) : randomKey(random)
      keys.set(Buffer.from(key).toString('latin1'), key)
    }
    this.keys = [...keys.values()]
  }

  /** One of the keys; some come much more often than others. */
  pick(random: Random): Uint8Array {
    return random.chance(0.5) ? random.pick(this.keys) : this.keys[random.skewed(this.keys.length)]
  }

  /** One of the keys, or one just beside it: bounds and seeks that hit, and that barely miss. */
  near(random: Random): Uint8Array {
    const key = this.pick(random)
    switch (random.below(4)) {
      case 0:
        return Uint8Array.of(...key, 0)
      case 1:
        return key.subarray(0, Math.max(0, key.length - 1))
      default:
        return key
    }
  }
}

function numbered(number: number): Uint8Array {
  return utf8.encode(`n${String(number).padStart(8, '0')}`)
}

function withTail(prefix: string, random: Random): Uint8Array {
  return utf8.encode(prefix + random.below(3000).toString(36))
}

function bigEndian(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(length - 4, number)
  return bytes
}
