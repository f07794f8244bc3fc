/** An operator that threads load from its module. */
import { associativeMerge } from '../index.ts'

export default associativeMerge('test.Append', (_key, older, newer) => Buffer.concat([older, newer]))
