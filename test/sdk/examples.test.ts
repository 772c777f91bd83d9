// The worked examples of the SDK's classes, run by the real engine as anyone would run them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadPipeline } from '../../cli/check/load.ts'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const examples = join(import.meta.dirname, '../../examples/sdk')
const file = join(examples, 'pipeline.yaml')
const store = await freshStore()
const stop = new AbortController()
afterAll(() => stop.abort())

async function run(name: string) {
  const report = await runPipeline({ pipeline: await loadPipeline(file), file, databaseUrl: store.url, name, signal: stop.signal, now: new Date() })
  return report.run
}

test('A pipeline of four classes of one’s own extracts, rejects, warns, filters, changes and loads', async () => {
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

test('A second run of it changes nothing', async () => {
  expect((await run('stations-2')).counts).toMatchObject({ read: 60, quarantined: 6, filtered: 6, loaded: 0, superseded: 48 })
  expect(await faultsInBooks(store.client)).toEqual([])
})

test.each(['extractor', 'validator', 'transformer', 'loader'])('The %s is at most 30 lines of code', (part) => {
  const lines = readFileSync(join(examples, `${part}.ts`), 'utf8').split('\n')
  expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('//')).length).toBeLessThanOrEqual(30)
})
