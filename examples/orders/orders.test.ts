// The example loads the same records on a cluster, from its ConfigMap, and locally, from the files in this folder.
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { commandFolder } from '../../test/cli/command.ts'
import { freshDatabase } from '../../test/support/database.ts'

const manifest = join(import.meta.dirname, 'pipeline.yaml')
const { headgate } = commandFolder()
const { url } = await freshDatabase()

test('The ConfigMap contains the CSV files of this folder', () => {
  const documents = loadAll(readFileSync(manifest, 'utf8')) as { kind: string; data?: object }[]
  const files = globSync('*.csv', { cwd: import.meta.dirname }).map((file) => [basename(file), readFileSync(join(import.meta.dirname, file), 'utf8')])
  expect(documents.find(({ kind }) => kind === 'ConfigMap')?.data).toEqual(Object.fromEntries(files))
})

test('A local run has the counts that the README states', async () => {
  const { code, out } = await headgate('run', manifest, '--database', url, '--output', 'json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ run: { counts: { read: 10, loaded: 7, superseded: 1, quarantined: 2 } } })
})
