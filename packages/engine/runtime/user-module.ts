/**
 * What users give as a module: a merge operator, a compaction filter. Flushes and compactions run in threads, to which no
 * function can be sent, so each thread loads the module itself.
 */
import { isVarveError, VarveError } from '@varve/format/errors'

/** An export of a module, `default` unless named. */
export interface ModuleOption {
  module: string | URL
  export?: string
}

/** The same as plain data. */
export interface ModuleSource {
  readonly kind: 'module'
  readonly module: string
  readonly export: string
}

export function isModuleOption(value: object): value is ModuleOption {
  if (!('module' in value)) return false
  if ('export' in value && typeof value.export !== 'string' && value.export !== undefined) return false
  return typeof value.module === 'string' || value.module instanceof URL
}

export function moduleSourceOf(option: ModuleOption): ModuleSource {
  return { kind: 'module', module: String(option.module), export: option.export ?? 'default' }
}

/** What the module exports under the name. Throws `INVALID_ARGUMENT` naming `option` unless `accepts` takes it. */
export async function loadExport<Found>(
  source: ModuleSource,
  option: string,
  what: string,
  accepts: (found: unknown) => found is Found,
): Promise<Found> {
  const named = `the ${what} ${source.export} of ${source.module}`
  try {
    const found: unknown = (await import(source.module))[source.export]
    if (accepts(found)) return found
    throw new VarveError('INVALID_ARGUMENT', `${named} is not one`, { option })
  } catch (error) {
    if (isVarveError(error)) throw error
    throw new VarveError('INVALID_ARGUMENT', `${named} cannot be loaded: ${error}`, { option }, error)
  }
}
