/**
 * The door of the codec kernels. The caller lays out input, history and output from `area` on, and grows the
 * memory as needed.
 *
 * AssemblyScript; `tools/build-kernels.ts` compiles it to codecs.generated.ts.
 */
import { prepareMatches } from './matches.as'

export { lz4Compress, lz4Decompress } from './lz4.as'
export { snappyCompress, snappyDecompress } from './snappy.as'

/** Where the memory of the kernels' own tables ends. */
export const area: usize = memory.data(16, 64)

prepareMatches()
