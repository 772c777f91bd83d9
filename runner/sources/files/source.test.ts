import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sampleRun } from '../../../sdk/conformance/index.ts'
import type { RunContext } from '../../../sdk/index.ts'
import { FilesSource } from './source.ts'

let folder: string
let run: RunContext

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-files-'))
  mkdirSync(join(folder, 'in/deep'), { recursive: true })
  for (const name of ['in/b.csv', 'in/a.csv', 'in/c.txt', 'in/deep/d.csv', 'in/[x].csv']) writeFileSync(join(folder, name), name)
  run = sampleRun({ folder, name: 'orders-1', createdAt: new Date('2026-03-02T23:59:59Z') })
})

afterEach(() => rmSync(folder, { recursive: true }))

async function names(paths: string[], allowEmpty = false): Promise<string[]> {
  return (await Array.fromAsync(new FilesSource({ paths, allowEmpty }).inputs(run))).map(({ name }) => name)
}

test.each([
  ['files in the order of the list', ['in/b.csv', 'in/a.csv'], ['in/b.csv', 'in/a.csv']],
  ['matches in the order of their names', ['in/?.csv'], ['in/a.csv', 'in/b.csv']],
  ['files in folders below', ['in/**/*.csv'], ['in/[x].csv', 'in/a.csv', 'in/b.csv', 'in/deep/d.csv']],
  ['no file twice', ['in/b.csv', './in/b.csv', 'in/[ab].csv'], ['in/b.csv', 'in/a.csv']],
  ['a file whose name looks like a glob', ['in/[x].csv'], ['in/[x].csv']],
])('lists %s', async (_what, paths, expected) => {
  expect(await names(paths)).toEqual(expected)
})

test('replaces placeholders with the values of the run', async () => {
  run = { ...run, params: { file: 'b', folder: 'deep' } }
  expect(await names(['in/{{ params.file }}.csv', 'in/{{ params.folder }}/*.csv'])).toEqual(['in/b.csv', 'in/deep/d.csv'])
})

test.each(['..', '../in', 'in/deep', '*', '[ab]', '{a,b}', ''])('refuses a value %j that would lead elsewhere', async (value) => {
  run = { ...run, params: { value } }
  for (const path of ['in/{{ params.value }}/*.csv', '{{ params.value }}/a.csv', 'in/{{ params.value }}.csv'])
    await expect(names([path], true)).rejects.toMatchObject({ code: 'InvalidParams' })
})

test.each([' ', 'a'.repeat(4096), '+(a|b)', '!(c)', '@(in)', '~', '$(HOME)', '%2e%2e', '．．'])('uses a value %j as the name of a file', async (value) => {
  run = { ...run, params: { value } }
  for (const path of ['{{ params.value }}/*.csv', 'in/{{ params.value }}.csv', 'i?/{{ params.value }}.csv'])
    await expect(names([path])).rejects.toMatchObject({ code: expect.stringMatching(/^Source(NotFound|Unreadable)$/) })
})

test('lists files by absolute path', async () => {
  expect(await names([join(folder, 'in/*.txt')])).toEqual([join(folder, 'in/c.txt')])
})

test.each([
  [['in/*.tsv'], 'SourceNotFound', /no file matches in\/\*\.tsv/],
  [['in/aa.csv'], 'SourceNotFound', /did you mean in\/a\.csv\?/],
  [['in'], 'SourceUnreadable', /in is a folder; name a file in it, or a glob such as in\/\*\.csv/],
  [['pipe'], 'SourceUnreadable', /pipe is not a regular file/],
])('refuses %j', async (paths, code, message) => {
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await expect(names(paths)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('no input is accepted with allowEmpty', async () => {
  expect(await names(['in/*.tsv', 'in/missing.csv'], true)).toEqual([])
})

// A volume that fails must not look like one without files. A link to itself fails with ELOOP, for root as well.
test.each([['circle/*.csv'], ['circle/a.csv']])('an unreadable folder is not an empty folder: %s', async (path) => {
  symlinkSync('circle', join(folder, 'circle'))
  const unreadable = { code: 'SourceUnreadable', message: expect.stringMatching(/^circle.* cannot be (listed|opened): .*ELOOP/) }
  for (const allowEmpty of [true, false]) await expect(names([path], allowEmpty)).rejects.toMatchObject(unreadable)
})

test('a file whose bytes cannot be read is unreadable', async (context) => {
  // It opens, and reading its first page fails with EIO.
  const path = '/proc/self/mem'
  if (!existsSync(path)) context.skip('there is no /proc/self/mem; Linux has it')
  await expect(names([path])).rejects.toMatchObject({ code: 'SourceUnreadable', message: expect.stringMatching(/^\/proc\/self\/mem cannot be read: .*EIO/) })
})

test.each([
  ['from a place on', 3, undefined, 'a.csv'],
  ['between two places', 1, 4, 'n/a'],
  ['up to its end, if less is there', 6, 100, 'sv'],
  ['nowhere', 8, undefined, ''],
])('opens a file %s', async (_what, start, end, expected) => {
  const source = new FilesSource({ paths: ['in/a.csv'] })
  const [input] = await Array.fromAsync(source.inputs(run))
  const chunks: string[] = []
  for await (const chunk of source.open(input as never, start, end, run)) chunks.push(chunk.toString())
  expect(chunks.join('')).toBe(expected)
})

test.each([
  ['as a whole', 0, 'has 5 bytes instead of 8'],
  ['from a later place', 1, 'ends after 5 bytes instead of 8'],
])('a file that is cut off does not end as if it was whole, read %s', async (_, start, message) => {
  const source = new FilesSource({ paths: ['in/a.csv'] })
  const [input] = await Array.fromAsync(source.inputs(run))
  truncateSync(join(folder, 'in/a.csv'), 5)
  const reading = Array.fromAsync(source.open(input as never, start, undefined, run))
  await expect(reading).rejects.toMatchObject({ code: 'SourceChanged', message: expect.stringContaining(message) })
})

test.each([
  ['was written again with the same size', (path: string) => writeFileSync(path, 'IN/a.csv'), /written again|first bytes/],
  ['has another time', (path: string) => utimesSync(path, 1, 1), /written again/],
  ['is shorter', (path: string) => truncateSync(path, 2), /2 bytes instead of 8/],
])('a file that %s is not the one that was planned', async (_what, change, message) => {
  const source = new FilesSource({ paths: ['in/a.csv'] })
  const [input] = await Array.fromAsync(source.inputs(run))
  await source.verify(input as never, run)
  change(join(folder, 'in/a.csv'))
  await expect(source.verify(input as never, run)).rejects.toMatchObject({ code: 'SourceChanged', message: expect.stringMatching(message) })
})

test.each([
  ['is gone', (path: string) => rmSync(path), 'SourceNotFound'],
  [
    'became a folder',
    (path: string) => {
      rmSync(path)
      mkdirSync(path)
    },
    'SourceUnreadable',
  ],
  ['lost its folder', () => rmSync(join(folder, 'in'), { recursive: true }), 'SourceNotFound'],
])('a file that %s after it was listed is neither opened nor verified', async (_what, change, code) => {
  const source = new FilesSource({ paths: ['in/a.csv'] })
  const [input] = await Array.fromAsync(source.inputs(run))
  change(join(folder, 'in/a.csv'))
  const refusal = { code, retryable: false, message: expect.stringContaining('in/a.csv') }
  await expect(source.verify(input as never, run)).rejects.toMatchObject(refusal)
  await expect(Array.fromAsync(source.open(input as never, 0, undefined, run))).rejects.toMatchObject(refusal)
})

test('a file of a ConfigMap has the same identity in every pod until its content changes', async () => {
  const source = new FilesSource({ paths: ['**/a.csv'], volume: { configMap: { name: 'feed' } } })
  const [input] = await Array.fromAsync(source.inputs(run))
  utimesSync(join(folder, 'in/a.csv'), 1, 1)
  await source.verify(input as never, run)
  writeFileSync(join(folder, 'in/a.csv'), 'IN/a.csv')
  await expect(source.verify(input as never, run)).rejects.toMatchObject({ code: 'SourceChanged' })
})

test('a glob finds each file of a ConfigMap once, under its visible path', async () => {
  mkdirSync(join(folder, '..2026_03_01'))
  writeFileSync(join(folder, '..2026_03_01/feed.csv'), 'x')
  symlinkSync('..2026_03_01', join(folder, '..data'))
  symlinkSync('..data/feed.csv', join(folder, 'feed.csv'))
  expect(await names(['**/feed.csv'])).toEqual(['feed.csv'])
  expect(await names(['feed*'])).toEqual(['feed.csv'])
})
