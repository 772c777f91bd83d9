// The wipe guard at a terminal.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { commandFolder } from './command.ts'

const { url } = await freshDatabase()
const { folder, headgate } = commandFolder()

const manifest = `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: prices}
spec:
  source: {files: {paths: [prices.csv]}}
  format: {csv: {}}
  schema:
    primaryKey: [id]
    fields:
    - {name: id, type: integer}
  destination: {postgres: {table: shop.prices, createTable: true, mode: Snapshot}}
`

test('An empty delivery is refused with the numbers and the remedy, and the remedy works', async () => {
  writeFileSync(join(folder, 'prices.yaml'), manifest)
  writeFileSync(join(folder, 'prices.csv'), 'id\n1\n2\n3\n')
  expect((await headgate('run', 'prices.yaml', '--database', url)).code).toBe(0)
  writeFileSync(join(folder, 'prices.csv'), 'id\n')
  const refused = await headgate('run', 'prices.yaml', '--database', url)
  expect(refused.code).toBe(1)
  expect(refused.out).toContain('RemovalRefused: mode Snapshot would remove 3 of the 3 rows of shop.prices (100.0 %)')
  expect(refused.out).toContain('--allow-removal')
  const allowed = await headgate('run', 'prices.yaml', '--database', url, '--allow-removal', '--name', 'emptied')
  expect(allowed).toMatchObject({ code: 0, out: expect.stringContaining('3 rows removed') })
  const { out } = await headgate('runs', '--database', url, '--output', 'json')
  expect(JSON.parse(out).runs[0]).toMatchObject({ name: 'emptied', counts: { removed: 3 } })
})
