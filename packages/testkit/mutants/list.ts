/** All mutants, and the classes of bugs that have none because what they would break does not exist here. */
import { blobMutants } from './blobs.ts'
import { compactionMutants } from './compaction.ts'
import { dataModelMutants } from './data-model.ts'
import { durabilityMutants } from './durability.ts'
import { expiryMutants } from './expiry.ts'
import { formatMutants } from './formats.ts'
import { keyMutants } from './keys.ts'
import { lifecycleMutants } from './lifecycle.ts'
import { manifestMutants } from './manifest.ts'
import { memoryMutants } from './memory.ts'
import type { Mutant } from './mutant.ts'
import { readMutants } from './reads.ts'
import { recoveryMutants } from './recovery.ts'
import { schedulingMutants } from './scheduling.ts'
import { viewMutants } from './views.ts'

export const mutants: readonly Mutant[] = [
  ...durabilityMutants,
  ...recoveryMutants,
  ...manifestMutants,
  ...compactionMutants,
  ...dataModelMutants,
  ...blobMutants,
  ...expiryMutants,
  ...keyMutants,
  ...readMutants,
  ...lifecycleMutants,
  ...formatMutants,
  ...viewMutants,
  ...schedulingMutants,
  ...memoryMutants,
].toSorted((a, b) => Number.parseInt(a.id.slice(1), 10) - Number.parseInt(b.id.slice(1), 10))

/** Classes without a mutant, and why. */
export const absent: readonly { readonly id: string; readonly why: string }[] = [
  { id: 'M26', why: 'there are no checkpoints and backups' },
  { id: 'M51', why: 'entries in memory carry no checksums' },
]

export function mutantNamed(id: string): Mutant {
  const mutant = mutants.find(candidate => candidate.id === id)
  if (mutant === undefined) throw new Error(`there is no mutant ${id}: ${mutants.map(m => m.id).join(', ')}`)
  return mutant
}
