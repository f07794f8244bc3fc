export { formatOptionsFile, withoutUnknownOptions } from './format-options-file.ts'
export { isKnownOption, type OptionSection } from './known-options.ts'
export {
  escapeOptionText,
  formatOptionStruct,
  parseOptionStruct,
  readOptionStruct,
  unescapeOptionText,
} from './option-text.ts'
export {
  type ColumnFamilyOptionsSection,
  type OptionMap,
  type OptionsFile,
  parseOptionsFile,
} from './options-file.ts'
