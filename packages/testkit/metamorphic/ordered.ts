/** Bytewise order as a program's own comparator: what no code that knows the bytewise one by heart may be used for. */
import type { Comparator } from 'varve'

const bytewise: Comparator = { name: 'testkit.Bytewise', compare: Buffer.compare }

export default bytewise
