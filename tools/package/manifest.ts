/** A package.json as it stands in the repository, where sources run as they are, and as it is published, compiled. */

export interface Manifest {
  name: string
  version: string
  private?: boolean
  exports?: Record<string, string>
  imports?: Record<string, Record<string, string>>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  [field: string]: unknown
}

/** The sources that others may load, as `manifest` names them; `*` stands for any name. */
export function entriesOf({ exports = {}, imports = {}, bin = {} }: Manifest): string[] {
  return [
    ...Object.values(exports),
    ...Object.values(imports).flatMap(conditions => Object.values(conditions)),
    ...Object.values(bin),
  ]
}

export function publishedManifest(manifest: Manifest): Manifest {
  const { exports, imports, bin, ...rest } = manifest
  return {
    ...rest,
    ...(bin && { bin: mapValues(bin, compiled) }),
    ...(exports && {
      exports: {
        ...mapValues(exports, file => ({ types: declaration(file), default: compiled(file) })),
        './package.json': './package.json',
      },
    }),
    ...(imports && { imports: mapValues(imports, conditions => mapValues(conditions, compiled)) }),
  } as Manifest
}

function compiled(source: string): string {
  return source.replace(/\.ts$/, '.js')
}

function declaration(source: string): string {
  return source.replace(/\.ts$/, '.d.ts')
}

function mapValues<Value, Result>(
  record: Record<string, Value>,
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}
