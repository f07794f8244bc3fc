/**
 * UTF-8 of a few bytes, as names in records have it. `TextDecoder` takes a microsecond for the shortest text,
 * which a file of nothing but names would pay a hundred thousand times.
 *
 *     0xxxxxxx                                  U+0000 ..
 *     110xxxxx 10xxxxxx                         U+0080 ..
 *     1110xxxx 10xxxxxx 10xxxxxx                U+0800 .., without U+D800 .. U+DFFF
 *     11110xxx 10xxxxxx 10xxxxxx 10xxxxxx       U+10000 .. U+10FFFF
 */

/** The least code point of a sequence with so many bytes behind its first: a smaller one is overlong. */
const LEAST = [0, 0x80, 0x800, 0x1_0000]

/** The text in `bytes`, or `undefined` where they are not UTF-8. */
export function decodeShortText(bytes: Uint8Array): string | undefined {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]
    if (first < 0x80) {
      text += String.fromCharCode(first)
      continue
    }
    const more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf8 ? 3 : 0
    if (more === 0 || at + more > bytes.length) return undefined
    let point = first & (0x3f >> more)
    for (const end = at + more; at < end; at++) {
      if ((bytes[at] & 0xc0) !== 0x80) return undefined
      point = (point << 6) | (bytes[at] & 0x3f)
    }
    const isSurrogate = point >= 0xd800 && point < 0xe000
    if (point < LEAST[more] || point > 0x10_ffff || isSurrogate) return undefined
    text += String.fromCodePoint(point)
  }
  return text
}
