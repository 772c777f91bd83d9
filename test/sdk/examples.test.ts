// The worked examples of the SDK's classes, run by the real engine as anyone would run them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { loadPipeline } from '../../cli/check/load.ts'
import { quarantineShowCommand } from '../../cli/commands/quarantine.ts'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import type { Terminal } from '../../cli/output.ts'
import StationReadings from '../../examples/sdk/extractor.ts'
import HottestReadings from '../../examples/sdk/loader.ts'
import MaskEmail from '../../examples/sdk/mask-email.ts'
import Calibrate from '../../examples/sdk/transformer.ts'
import BrokenSensors from '../../examples/sdk/validator.ts'
import { CsvFormat } from '../../runner/formats/csv/format.ts'
import { SourceExtractor } from '../../runner/sources/extractor.ts'
import { FilesSource } from '../../runner/sources/files/source.ts'
import { type Check, extractorChecks, loaderChecks, transformerChecks, validatorChecks } from '../../sdk/conformance/index.ts'
import { transactionOver } from '../../store/connection.ts'
import { scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const examples = join(import.meta.dirname, '../../examples/sdk')
const store = await freshStore()
const stop = new AbortController()
afterAll(() => stop.abort())

async function run(name: string, manifest = 'pipeline.yaml') {
  const file = join(examples, manifest)
  const report = await runPipeline({ pipeline: await loadPipeline(file), file, databaseUrl: store.url, name, signal: stop.signal, now: new Date() })
  return report.run
}

test('A pipeline of four custom classes extracts, rejects, warns, filters, changes and loads', async () => {
  const { state, failure, counts, warnings } = await run('stations-1')
  expect({ state, failure }).toEqual({ state: 'Succeeded', failure: undefined })
  // 20 days × 3 sensors; 6 days of the broken sensor; 2 days before the first that counts.
  expect(counts).toMatchObject({ read: 60, quarantined: 6, filtered: 6, loaded: 48, superseded: 0 })
  expect(warnings).toEqual({ 'celsius.rare': 11 })
  const { rows } = await store.client.query(`SELECT sensor, day::text, celsius FROM weather.hottest ORDER BY sensor`)
  expect(rows).toEqual([
    { sensor: 'cellar', day: '2026-03-20', celsius: 50.5 },
    { sensor: 'garden', day: '2026-03-14', celsius: 22.5 },
    { sensor: 'roof', day: '2026-03-20', celsius: 60.5 },
  ])
})

test('The quarantine shows that a record without source bytes is stored as JSON', async () => {
  const { rows } = await store.client.query('SELECT id, evidence, raw, record FROM headgate.quarantine ORDER BY id')
  expect(rows.map(({ evidence }) => evidence)).toEqual(Array.from({ length: 6 }, () => 'json'))
  expect(JSON.parse(rows[0].raw.toString())).toEqual(rows[0].record)
  let said = ''
  const terminal: Terminal = { form: 'text', program: 'headgate', colours: false, write: (part) => (said += part) }
  await quarantineShowCommand(Number(rows[0].id), { database: store.url }, terminal)
  expect(said).toContain('Raw record (JSON made of it: the source gives values, not bytes)')
})

test('A second run of it changes nothing', async () => {
  expect((await run('stations-2')).counts).toMatchObject({ read: 60, quarantined: 6, filtered: 6, loaded: 0, superseded: 48 })
  expect(await faultsInBooks(store.client)).toEqual([])
})

test('A pipeline with a masked field loads the masked value, and quarantines records with an invalid address', async () => {
  const { failure, counts } = await run('members-1', 'members.yaml')
  expect(failure).toBeUndefined()
  expect(counts).toMatchObject({ read: 5, derived: 0, loaded: 3, quarantined: 2 })
  const { rows } = await store.client.query('SELECT id::int, name, email FROM clubs.members ORDER BY id')
  expect(rows).toEqual([
    { id: 1, name: 'Ada', email: 'a***@analytical.example' },
    { id: 2, name: 'Bob "Bo" Ray', email: 'B***@mail.example' },
    { id: 4, name: 'Dag', email: null },
  ])
  const rejected = await store.client.query(
    `SELECT key, convert_from(raw, 'utf8') AS raw, errors FROM headgate.quarantine JOIN headgate.run ON run.id = last_run WHERE run.name = 'members-1' ORDER BY pos`,
  )
  expect(rejected.rows).toEqual([
    {
      key: { id: '3' },
      raw: '3,Cleo,cleo@trash.example,2025-06-01',
      errors: [{ field: 'email', code: 'email.refused', message: expect.stringContaining('hidden'), transform: 'MaskEmail' }],
    },
    { key: { id: '5' }, raw: '5,Eve,no address,2025-06-03', errors: [expect.objectContaining({ field: 'email', code: 'format.email', value: '***' })] },
  ])
})

test.each(['extractor', 'validator', 'transformer', 'mask-email', 'loader'])('The %s is at most 30 lines of code', (part) => {
  const lines = readFileSync(join(examples, `${part}.ts`), 'utf8').split('\n')
  expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('//')).length).toBeLessThanOrEqual(30)
})

const files = written(scratchFolder(), 'feed', {
  'a.csv': 'n,m\n1,"a\nb"\n2,c\n3\n4,"d"\n5,e\n',
  'b.csv': 'n,m\r\n6,\xc3\xa4\r\n7,"un"quoted\r\n8,g',
})
const csv = () => new SourceExtractor({ source: new FilesSource({ paths: ['*.csv'] }), format: new CsvFormat({}, ['n', 'm']), workers: 2, sliceBytes: 12 })

describe('The checks of the conformance kit hold', () => {
  const kits: Record<string, Check[]> = {
    extractor: extractorChecks({ make: () => new StationReadings({ days: 3, sensors: ['roof', 'cellar'] }) }),
    validator: validatorChecks({
      make: () => new BrokenSensors({ broken: { roof: '2026-03-02' } }),
      records: [...new StationReadings({ days: 20, sensors: ['roof', 'cellar'] }).records()],
    }),
    transformer: transformerChecks({
      make: () => new Calibrate({ offset: 0.5, since: '2026-03-02' }),
      fields: [
        { name: 'sensor', type: 'text' },
        { name: 'day', type: 'date' },
        { name: 'celsius', type: 'float', max: 60 },
      ],
      records: [1, 2, 3].map((day) => ({ sensor: 'roof', day: `2026-03-0${day}`, celsius: day })),
    }),
    'transformer of a field': transformerChecks({
      make: () => new MaskEmail({ field: 'email', refusedDomains: ['trash.example'] }),
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'email', type: 'text', format: 'email', nullable: true, sensitive: true },
      ],
      records: [
        { id: 1n, email: 'ada@analytical.example' },
        { id: 2n, email: 'cleo@trash.example' },
        { id: 3n, email: null },
      ],
    }),
    loader: loaderChecks({
      make: () => new HottestReadings({ schema: 'checked' }),
      records: [1, 3, 2].map((celsius) => ({ sensor: 'roof', day: '2026-03-01', celsius })),
      rolledBack: async (work) => {
        await store.client.query('BEGIN')
        await work(transactionOver(store.client)).finally(() => store.client.query('ROLLBACK'))
      },
    }),
    'extractor of CSV files': extractorChecks({ make: csv, run: { folder: files } }),
  }
  const checks = Object.entries(kits).flatMap(([part, kit]) => kit.map(({ name, run: check }) => ({ part, name, check })))

  it.each(checks)('for the $part: $name', ({ check }) => check())
})
