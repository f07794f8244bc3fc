/** What the targets do with an OPTIONS file, and with the texts that stand in one. */
import { decodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { prefixExtractor } from '@varve/format/key'
import {
  formatOptionsFile,
  parseOptionStruct,
  parseOptionsFile,
  withoutUnknownOptions,
} from '@varve/format/options'

export function readOptions(bytes: Uint8Array): void {
  const text = formatOptionsFile(withoutUnknownOptions(parseOptionsFile(bytes)))
  if (formatOptionsFile(parseOptionsFile(text)) !== text)
    throw new Error('options change when they are written again')
}

/** Its argument is a part of a text that has been read: what is malformed is the caller's. */
export function readOptionStruct(bytes: Uint8Array): void {
  try {
    parseOptionStruct(decodeUtf8(bytes))
  } catch (error) {
    if (!isVarveError(error, 'INVALID_ARGUMENT')) throw error
  }
}

/** What a name says goes by that name again, and no prefix is longer than its key. */
export function readPrefixExtractor(bytes: Uint8Array): void {
  const extractor = prefixExtractor(decodeUtf8(bytes))
  if (extractor === undefined) return
  if (prefixExtractor(extractor.name)?.length !== extractor.length)
    throw new Error('another extractor by its name')
  for (const length of [0, 1, 8, 1000]) {
    if (extractor.prefixLength(length) > length) throw new Error('a prefix is longer than its key')
  }
}
