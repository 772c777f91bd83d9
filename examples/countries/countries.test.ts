import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../../test/cli/command.ts'
import { freshDatabase } from '../../test/support/database.ts'

type Country = { cca3: string; name: { common: string; native: object }; region: string; area: number; capital: string[] }

const data = join(import.meta.dirname, '../../node_modules/world-countries/countries.json')
const countries = JSON.parse(readFileSync(data, 'utf8')) as Country[]
const { headgate } = commandFolder()
const database = await freshDatabase()

test('The table holds what the package says of each country, and a second run changes nothing', async () => {
  const run = () => headgate('run', join(import.meta.dirname, 'pipeline.yaml'), '--database', database.url, '--output', 'json')
  const first = await run()
  expect(JSON.parse(first.out), first.err).toMatchObject({ run: { counts: { read: 250, loaded: 249, quarantined: 1 } } })
  const { rows } = await database.client.query('SELECT code, name, names, region, area::float8 AS area, capitals FROM demo.countries ORDER BY code COLLATE "C"')
  const expected = countries
    .filter(({ area }) => area >= 0)
    .map(({ cca3, name, region, area, capital }) => ({ code: cca3, name: name.common, names: name.native, region, area, capitals: capital }))
    .toSorted((one, other) => (one.code < other.code ? -1 : 1))
  expect(rows).toEqual(expected)
  expect(JSON.parse((await run()).out)).toMatchObject({ run: { counts: { unchanged: 249, quarantined: 1 } } })
})
