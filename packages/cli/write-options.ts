/** The engine's options for a single read or write, from those of the command line. */

interface Given {
  cf?: string
  sync?: true
}

export function familyOf({ cf }: Given): { columnFamily?: string } {
  return cf === undefined ? {} : { columnFamily: cf }
}

export function writeOptions(given: Given): { columnFamily?: string; sync: boolean } {
  return { ...familyOf(given), sync: given.sync === true }
}
