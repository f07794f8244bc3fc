/** Stands in for codecs-node.ts where there is no Node: every codec is refused by name. */
import { notSupported } from '../errors/index.ts'

export function inflateRaw(_bytes: Uint8Array, _maxSize: number, _dictionary?: Uint8Array): Uint8Array {
  throw notSupported('Zlib compression outside Node')
}

export function deflateRaw(_bytes: Uint8Array, _level?: number, _dictionary?: Uint8Array): Uint8Array {
  throw notSupported('Zlib compression outside Node')
}

export function zstdDecompress(_bytes: Uint8Array, _maxSize: number, _dictionary?: Uint8Array): Uint8Array {
  throw notSupported('ZSTD compression outside Node')
}

export function zstdCompress(_bytes: Uint8Array, _level?: number, _dictionary?: Uint8Array): Uint8Array {
  throw notSupported('ZSTD compression outside Node')
}
