import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { validManifest } from './cases.support.ts'
import { checkCommand } from './command.ts'
import { loadPipeline } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'check-'))
afterAll(() => rmSync(folder, { recursive: true }))

function manifest(name: string, text: string): string {
  writeFileSync(join(folder, name), text.replace('command.ts', name))
  return join(folder, name)
}

async function check(files: string[], output: 'text' | 'json' = 'text') {
  let written = ''
  const code = await checkCommand(files, { output, write: (text) => (written += text), writeError: (text) => (written += text) })
  return { code, written }
}

const good = manifest('good.yaml', validManifest)
const bad = manifest('bad.yaml', validManifest.replace('delimiter', 'delimeter'))

test.each(globSync('examples/{*,gitops/base}/*.yaml', { cwd: join(import.meta.dirname, '../..') }))('%s passes', async (example) => {
  expect(await check([join(import.meta.dirname, '../..', example)])).toEqual({ code: 0, written: expect.stringMatching(/1 file checked: no problem\n$/) })
})

test('a problem is shown with its place, its line and a caret', async () => {
  const { code, written } = await check([good, bad])
  expect(code).toBe(1)
  expect(written).toContain(`${bad}:9:11 error unknown field delimeter; did you mean delimiter? (spec.format.csv.delimeter)`)
  expect(written).toContain('  9 |     csv: {delimeter: ";", encoding: utf-8}\n    |           ^\n')
  expect(written).toContain('2 files checked: 1 error\n')
})

test('--output json prints the problems as JSON', async () => {
  const { code, written } = await check([bad], 'json')
  expect(code).toBe(1)
  expect(JSON.parse(written)).toMatchObject({ valid: false, problems: [{ file: bad, line: 9, column: 11, code: 'field.unknown', severity: 'error' }] })
})

test('an unreadable file gives exit code 2, and the other files are still checked', async () => {
  const { code, written } = await check([join(folder, 'none.yaml'), bad])
  expect(code).toBe(2)
  expect(written).toContain('none.yaml cannot be read: there is no such file')
  expect(written).toContain('1 error')
})

test('other kinds in a file are noted and ignored, several pipelines are all checked', async () => {
  const file = manifest('several.yaml', `kind: ConfigMap\napiVersion: v1\n---\n${validManifest}---\n${validManifest.replace('delimiter', 'delimeter')}`)
  const { code, written } = await check([file])
  expect(code).toBe(1)
  expect(written).toContain('several.yaml:1:7 note a ConfigMap is not checked here')
  expect(written.match(/ error /g)).toHaveLength(1)
})

test('a pipeline is loaded for other commands, or the reason is an error of the run', async () => {
  expect((await loadPipeline(good)).metadata.name).toBe('orders')
  await expect(loadPipeline(bad)).rejects.toMatchObject({ code: 'InvalidPipeline', message: expect.stringContaining('bad.yaml:9:11') })
  await expect(loadPipeline(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'PipelineNotFound' })
  await expect(loadPipeline(manifest('two.yaml', `${validManifest}---\n${validManifest}`))).rejects.toThrow('holds 2 pipelines')
  await expect(loadPipeline(manifest('other.yaml', 'kind: ConfigMap'))).rejects.toThrow('holds no Pipeline')
})
