export {
  type Column,
  decodeEntity,
  defaultRange,
  encodeEntity,
  findDefaultColumn,
  withDefaultColumn,
} from './entity.ts'
