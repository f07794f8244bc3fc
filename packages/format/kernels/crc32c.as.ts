/**
 * CRC-32C over bytes in this module's memory, sixteen bytes a step through sixteen tables.
 *
 *     table k, entry b := the CRC register after byte b and k zero bytes
 *
 * AssemblyScript. RocksDB: util/crc32c.cc
 */

const POLYNOMIAL: u32 = 0x82f63b78
const TABLES: usize = memory.data(16 * 1024, 16)

export function crc32cPrepare(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0 - (crc & 1)))
    store<u32>(TABLES + (byte << 2), crc)
  }
  for (let i: u32 = 256; i < 16 * 256; i++) {
    const before = load<u32>(TABLES + ((i - 256) << 2))
    store<u32>(TABLES + (i << 2), (before >> 8) ^ entry(0, before))
  }
}

function entry(table: usize, word: u32): u32 {
  return load<u32>(TABLES + table * 1024 + ((word & 0xff) << 2))
}

/** Carries a word of input past the tables `last`, `last` - 1, `last` - 2 and `last` - 3. */
function fourBytes(last: usize, word: u32): u32 {
  return (
    entry(last, word) ^ entry(last - 1, word >> 8) ^ entry(last - 2, word >> 16) ^ entry(last - 3, word >> 24)
  )
}

/** Continues the plain register `crc` (inverted before and after, as CRC-32C has it). */
export function crc32c(at: usize, length: u32, crc: u32): u32 {
  crc = ~crc
  const end = at + length
  for (; at + 16 <= end; at += 16) {
    crc =
      fourBytes(15, load<u32>(at) ^ crc) ^
      fourBytes(11, load<u32>(at, 4)) ^
      fourBytes(7, load<u32>(at, 8)) ^
      fourBytes(3, load<u32>(at, 12))
  }
  for (; at + 4 <= end; at += 4) crc = fourBytes(3, load<u32>(at) ^ crc)
  for (; at < end; at++) crc = (crc >> 8) ^ entry(0, crc ^ load<u8>(at))
  return ~crc
}
