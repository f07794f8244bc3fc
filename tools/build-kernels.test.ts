import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generatedFile, generateKernel, kernelNames } from './build-kernels.ts'

for (const name of kernelNames) {
  test(`the checked-in ${name} kernel is what its source compiles to`, async () => {
    assert.equal(
      await readFile(generatedFile(name), 'utf8'),
      await generateKernel(name),
      'run node tools/build-kernels.ts',
    )
  })
}
