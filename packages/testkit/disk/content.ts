/**
 * The bytes of a simulated file, as a list of sectors. A sector is never changed once it is in the list: a write
 * makes new ones. So a copy of a file shares all sectors with it, and to keep a moment costs a list of references.
 *
 * An absent sector is all zeros, and the list ends with the last sector that is not: a megabyte of zeros that a
 * log reserves costs nothing.
 */

/** What a device writes whole or not at all. */
export const SECTOR_SIZE = 512

export type Sector = Uint8Array | undefined

const zeros = Buffer.alloc(SECTOR_SIZE)
/** As much as a log reserves. */
const manyZeros = Buffer.alloc(1024 * 1024)

function isZeros(bytes: Uint8Array): boolean {
  return bytes.length <= manyZeros.length && manyZeros.subarray(0, bytes.length).equals(bytes)
}

export class FileContent {
  size: number
  private readonly sectors: Sector[]

  constructor(size = 0, sectors: Sector[] = []) {
    this.size = size
    this.sectors = sectors
  }

  copy(): FileContent {
    return new FileContent(this.size, this.sectors.slice())
  }

  get sectorCount(): number {
    return Math.ceil(this.size / SECTOR_SIZE)
  }

  /** Those from here on are zeros. */
  get storedSectors(): number {
    return Math.min(this.sectors.length, this.sectorCount)
  }

  sector(index: number): Sector {
    return this.sectors[index]
  }

  /** Puts a sector in its place; the size stays. */
  setSector(index: number, sector: Sector): void {
    const { sectors } = this
    if (sector === undefined) {
      if (index < sectors.length) sectors[index] = undefined
      return
    }
    while (sectors.length < index) sectors.push(undefined)
    sectors[index] = sector
  }

  /** Fills `target` from `position` on; returns how many bytes there were. */
  read(target: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(target.length, this.size - position))
    for (let done = 0; done < length; ) {
      const within = (position + done) % SECTOR_SIZE
      const count = Math.min(SECTOR_SIZE - within, length - done)
      const sector = this.sectors[(position + done - within) / SECTOR_SIZE]
      if (sector === undefined) target.fill(0, done, done + count)
      else if (count === SECTOR_SIZE) target.set(sector, done)
      else target.set(sector.subarray(within, within + count), done)
      done += count
    }
    return length
  }

  /** All of it. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.size)
    this.read(bytes, 0)
    return bytes
  }

  /** Returns the sectors that the write made, from the one that holds `position` on. */
  write(bytes: Uint8Array, position: number): Sector[] {
    const end = position + bytes.length
    if (position >= this.size && isZeros(bytes)) return this.appendZeros(position, end)
    const made: Sector[] = []
    for (let at = position; at < end; ) {
      const within = at % SECTOR_SIZE
      const index = (at - within) / SECTOR_SIZE
      const count = Math.min(SECTOR_SIZE - within, end - at)
      const sector = this.merged(index, within, bytes, at - position, count)
      this.setSector(index, sector)
      made.push(sector)
      at += count
    }
    this.size = Math.max(this.size, end)
    return made
  }

  /** Cuts, or lengthens with zeros. */
  resize(size: number): void {
    if (size < this.size) {
      const { sectors } = this
      const kept = Math.ceil(size / SECTOR_SIZE)
      if (sectors.length > kept) sectors.length = kept
      const within = size % SECTOR_SIZE
      const last = within === 0 ? undefined : sectors[kept - 1]
      if (last !== undefined) sectors[kept - 1] = Buffer.from(last).fill(0, within)
    }
    this.size = size
  }

  /** What a log reserves: behind the end there is nothing else. */
  private appendZeros(position: number, end: number): Sector[] {
    this.size = end
    const first = Math.floor(position / SECTOR_SIZE)
    const made = new Array<Sector>(this.sectorCount - first).fill(undefined)
    for (let index = first; index < this.sectors.length; index++) made[index - first] = this.sectors[index]
    return made
  }

  private merged(index: number, within: number, bytes: Uint8Array, from: number, count: number): Sector {
    if (count === SECTOR_SIZE) {
      const whole = bytes.subarray(from, from + SECTOR_SIZE)
      return zeros.equals(whole) ? undefined : Buffer.from(whole)
    }
    const sector = Buffer.from(this.sectors[index] ?? zeros)
    sector.set(bytes.subarray(from, from + count), within)
    return sector
  }
}
