#!/usr/bin/env node
/** The `varve` command. program.ts lists what it can do; exit.ts says how it ends. */
import { report } from './exit.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
