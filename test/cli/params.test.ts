// Parameters and the interval of a run of this machine, as placeholders of its pipeline.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { commandFolder } from './command.ts'

const { url } = await freshDatabase()
const { folder, headgate } = commandFolder()
const run = (...args: string[]) => headgate('run', 'prices.yaml', '--database', url, ...args)

const manifest = `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: prices}
spec:
  source: {files: {paths: ["{{ params.region }}/{{ interval.date }}.csv"]}}
  format: {csv: {}}
  schema:
    primaryKey: [id]
    fields:
    - {name: id, type: integer}
  destination: {postgres: {table: shop.prices, createTable: true}}
`
writeFileSync(join(folder, 'prices.yaml'), manifest)
for (const [region, rows] of [
  ['eu', '1\n2\n'],
  ['us', '3\n'],
] as const) {
  mkdirSync(join(folder, region))
  writeFileSync(join(folder, region, '2026-03-01.csv'), `id\n${rows}`)
}
const march = ['--interval', '2026-03-01/2026-03-02']

test('A run reads the file that its parameters and interval name, and keeps them in its history', async () => {
  expect(await run('--param', 'region=eu', ...march, '--name', 'eu')).toMatchObject({ code: 0, out: expect.stringContaining('2 read') })
  expect(await run('--param', 'region=us', ...march)).toMatchObject({ code: 0, out: expect.stringContaining('1 read') })
  const [, eu] = JSON.parse((await headgate('runs', '--database', url, '--output', 'json')).out).runs
  expect(eu).toMatchObject({ name: 'eu', params: { region: 'eu' }, interval: { start: '2026-03-01T00:00:00.000Z', end: '2026-03-02T00:00:00.000Z' } })
})

test.each([
  [march, 2, /InvalidParams: run prices has no params, and the pipeline needs region; start it with --param region=VALUE/],
  [['--param', 'region=eu'], 2, /InvalidParams: run prices has no interval for \{\{ interval.date \}\}/],
  [['--param', 'region=../eu', ...march], 2, /InvalidParams: params.region is "..\/eu", which cannot stand in the path/],
  [['--param', 'region', ...march], 2, /give NAME=VALUE/],
  [['--name', 'eu', '--param', 'region=us'], 1, /PipelineChanged: run eu was begun with other params or another interval/],
  [['--name', 'eu', '--interval', '2026-03-01/2026-03-03'], 1, /PipelineChanged/],
])('%j is refused before a run is made', async (args, expected, message) => {
  const { code, err } = await run(...args)
  expect(err).toMatch(message)
  expect(code).toBe(expected)
  expect(JSON.parse((await headgate('runs', '--database', url, '--output', 'json')).out).runs).toHaveLength(2)
})

test('Resuming a run needs no parameters', async () => {
  expect(await run('--name', 'eu')).toMatchObject({ code: 0 })
})
