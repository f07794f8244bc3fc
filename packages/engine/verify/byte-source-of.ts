/** An open file as what `@varve/format` reads tables from. */
import type { ByteSource } from '@varve/format/sst'
import type { File } from '../fs/index.ts'

export function byteSourceOf(file: File): ByteSource {
  return {
    size: file.size(),
    file: file.path,
    read(offset, length) {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, file.readSync(bytes, offset))
    },
  }
}
