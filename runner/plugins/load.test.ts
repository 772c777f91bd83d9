// Modules that a manifest may not name, and what an administrator's limit adds to that.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { Validator } from '../../sdk/index.ts'
import { requireModulesInImage } from './in-image.ts'
import { loadPlugin } from './load.ts'

const top = mkdtempSync(join(tmpdir(), 'headgate-plugins-'))
afterAll(() => rmSync(top, { recursive: true }))
for (const folder of ['image', 'volume']) mkdirSync(join(top, folder))
const marker = 'headgatePluginRan'
const code = `globalThis.${marker} = true; export default class {}`
for (const file of ['image/own.mjs', 'volume/foreign.mjs']) writeFileSync(join(top, file), code)
symlinkSync(join(top, 'volume', 'foreign.mjs'), join(top, 'image', 'link.mjs'))

test.each([
  `data:text/javascript,${encodeURIComponent(code)}`,
  pathToFileURL(join(top, 'volume', 'foreign.mjs')).href,
  'http://127.0.0.1:1/a.mjs',
  'node:fs',
  'fs',
  'child_process',
  'fs/promises',
  '#internal',
  'pg/../../package.json',
])('%s is not loaded', async (module) => {
  await expect(loadPlugin({ module }, Validator, top)).rejects.toMatchObject({
    code: 'InvalidPlugin',
    message: expect.stringMatching(/is no file and no package/),
  })
  expect(globalThis).not.toHaveProperty(marker)
})

const specWith = (module: string) => ({ source: {}, destination: {}, validators: [{ plugin: { module } }] }) as unknown as PipelineSpec

test.each(['pg', '/image/own.mjs', '/image/missing.mjs'])('%s is part of the image', async (module) => {
  const path = module.startsWith('/') ? join(top, module) : module
  await expect(requireModulesInImage(specWith(path), join(top, 'image'))).resolves.toBeUndefined()
})

test.each(['./own.mjs', '/volume/foreign.mjs', '/image/../volume/foreign.mjs', '/image/link.mjs'])('%s is not part of the image', async (module) => {
  const path = module.startsWith('/') ? `${top}${module}` : module
  await expect(requireModulesInImage(specWith(path), join(top, 'image'))).rejects.toMatchObject({
    code: 'InvalidPlugin',
    message: expect.stringContaining(`spec.validators[0].plugin.module is ${path}, which is not in the image`),
  })
})
