/** `@varve/testkit/disk`: a disk in memory that loses power, fails and rots as told. */
export { Random } from '../random.ts'
export { FileContent, SECTOR_SIZE, type Sector } from './content.ts'
export { type CrashMode, crashModes } from './crash.ts'
export { type Fault, type FaultKind, FaultPlan, faultKinds, fitsFault } from './fault.ts'
export { FileNode } from './node.ts'
export { describeOperation, isChange, type Operation, type OperationKind } from './operation.ts'
export {
  cutFile,
  flipBit,
  misdirectSector,
  sectorCount,
  setBytes,
  staleSector,
  swapFiles,
  swapSectors,
  zeroSector,
} from './rot.ts'
export { type Pace, SimulatedDisk } from './simulated-disk.ts'
export { SimulatedFile } from './simulated-file.ts'
