/**
 * Puts a mutant into the program that is being started, its threads and its child processes:
 *
 *     VARVE_MUTANT=M7 NODE_OPTIONS=--import=$PWD/packages/testkit/mutants/load.ts node packages/engine/test/durability.test.ts
 *
 * Threads of the engine inherit no arguments, but they do inherit NODE_OPTIONS. Each time the mutant's file is loaded
 * a line is added to the file that VARVE_MUTANT_LOADED names, if any: a mutant that was never loaded shows nothing.
 */
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { threadId } from 'node:worker_threads'
import { mutantNamed } from './list.ts'
import { mutate, root } from './mutant.ts'

const { VARVE_MUTANT: id, VARVE_MUTANT_LOADED: loadedPath } = process.env
if (id !== undefined) {
  const mutant = mutantNamed(id)
  const wanted = pathToFileURL(join(root, mutant.file)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== wanted) return loaded
      const source = mutate(mutant, textOf(loaded.source))
      if (loadedPath !== undefined) appendFileSync(loadedPath, `${mutant.id} thread ${threadId}\n`)
      return { ...loaded, source }
    },
  })
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return new TextDecoder().decode(source)
  throw new Error('a module without a source cannot be mutated')
}
