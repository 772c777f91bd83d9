// Planning reads the source, which may take an hour: no transaction is open meanwhile, one worker does it, and a dead one is replaced.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Coordination } from '../../runner/coordination/coordination.ts'
import { LocalCoordination } from '../../runner/coordination/local.ts'
import { StoreCoordination } from '../../runner/coordination/store.ts'
import { runWorker } from '../../runner/engine/worker.ts'
import { registerCandidate } from '../../store/planner.ts'
import { createRun, type Run, startRun } from '../../store/runs.ts'
import { scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()

/** `sick`: how many of the workers, in the order in which they begin, find no file. */
type Planning = { begun: number; mayEnd: Promise<void>; sick: number; workers: number }

/** Seen by the plugin, which is a module of its own. */
const shared = globalThis as unknown as { planning: Planning }

const extractor = `import { ObjectBatch, Extractor, HeadgateError } from '${join(import.meta.dirname, '../../sdk/index.ts')}'
export default class extends Extractor {
  async *plan() {
    this.number ??= globalThis.planning.workers++
    if (this.number < globalThis.planning.sick) throw new HeadgateError('SourceNotFound', 'no file')
    globalThis.planning.begun++
    await globalThis.planning.mayEnd
    for (let input = 0; input < 2; input++) yield { input, name: 'input ' + input, spec: input }
  }
  async *read(slice) {
    yield new ObjectBatch([{ id: String(slice.spec) }], { firstOrder: 0, next: 1 })
  }
}`

/** `workers`: how many the run declares, if not those that begin at once. `coordination`: of workers on one machine, unless given. */
type Situation = { sick?: number; workers?: number; coordination?: () => Coordination }
type Begun = { run: Run; ended: Promise<Run>[]; work: () => Promise<Run>; end: () => void }

async function begin(name: string, count: number, { sick = 0, workers = count, coordination = () => new LocalCoordination() }: Situation = {}): Promise<Begun> {
  const { promise, resolve } = Promise.withResolvers<void>()
  shared.planning = { begun: 0, mayEnd: promise, sick, workers: 0 }
  const place = written(folder, name, { 'plugin.ts': extractor })
  const spec: PipelineSpec = {
    source: { plugin: { module: './plugin.ts' } },
    schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
    destination: { postgres: { table: `public.${name}`, createTable: true } },
    retry: { limit: 2, backoff: { initial: '20ms', max: '20ms' } },
  }
  const created = await createRun(store.client, { name, pipeline: name, spec, workers, batchSize: 10 })
  await startRun(store.client, created.id)
  const run = { ...created, state: 'Running' as const }
  const { signal } = new AbortController()
  const work = () => runWorker({ run, folder: place, databaseUrl: store.url, coordination: coordination(), signal })
  return { run, ended: Array.from({ length: count }, work), work, end: resolve }
}

async function expectSound(ended: Promise<Run>[]): Promise<void> {
  for (const run of await Promise.all(ended)) expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 2, loaded: 2 } })
  expect(await faultsInBooks(store.client)).toEqual([])
}

const begun = () => expect.poll(() => shared.planning.begun, { timeout: 20_000 })

test('One of several workers reads the source, and no transaction is open while it does', async () => {
  const { run, ended, end } = await begin('slow_plan', 3)
  await begun().toBe(1)
  const waiting = `SELECT count(DISTINCT pid)::int AS count FROM pg_stat_activity WHERE application_name LIKE '%slow_plan' AND query LIKE '%planner%'`
  await expect.poll(async () => (await store.client.query(waiting)).rows[0].count, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
  const open = `SELECT query FROM pg_stat_activity WHERE application_name LIKE '%slow_plan' AND state LIKE 'idle in transaction%'`
  expect((await store.client.query(open)).rows).toEqual([])
  // Nothing is locked: the run can be looked at, and cancelled.
  await store.client.query('SELECT 1 FROM headgate.run WHERE id = $1 FOR UPDATE NOWAIT', [run.id])
  end()
  await expectSound(ended)
  expect(shared.planning.begun).toBe(1)
})

test('A worker that is declared dead while it plans uses the plan of its replacement', async () => {
  const { run, ended, end } = await begin('two_plans', 2)
  await begun().toBe(1)
  await store.client.query('UPDATE headgate.run SET planner = NULL WHERE id = $1', [run.id])
  await begun().toBe(2)
  end()
  await expectSound(ended)
})

test('A run is planned although the first planner died', async () => {
  const { run, ended, work, end } = await begin('dead_planner', 1)
  await begun().toBe(1)
  // As if a worker of this machine that is gone had claimed it before.
  await store.client.query('UPDATE headgate.run SET planner = $2 WHERE id = $1', [run.id, `${hostname()}/999999999/1/dead`])
  ended.push(work())
  await begun().toBe(2)
  end()
  await expectSound(ended)
})

const notFound = { state: 'Failed', failure: { code: 'SourceNotFound', message: 'no file', retryable: false } }

/** A worker that finds no file, has tried as often as it may, and counts on another one, which is alive. */
async function withdrawn(name: string): Promise<Begun> {
  const begun = await begin(name, 0, { sick: 1, workers: 2, coordination: () => new StoreCoordination('pod') })
  await registerCandidate(store.client, { run: begun.run.id, worker: 'another', leaseMilliseconds: undefined })
  begun.ended.push(begun.work())
  const told = 'SELECT count(*)::int AS count FROM headgate.run_event WHERE run = $1'
  await expect.poll(async () => (await store.client.query(told, [begun.run.id])).rows[0].count, { timeout: 20_000 }).toBe(2)
  const enrolled = 'SELECT name FROM headgate.worker WHERE run = $1'
  await expect.poll(async () => (await store.client.query(enrolled, [begun.run.id])).rows, { timeout: 20_000 }).toEqual([{ name: 'another' }])
  return begun
}

test('A worker that finds no file waits for another worker that plans', async () => {
  const { ended, work, end } = await withdrawn('one_sees')
  ended.push(work())
  await begun().toBe(1)
  end()
  await expectSound(ended)
})

test('A worker that finds no file ends the run once no other worker is left that could plan it', async () => {
  const { run, ended } = await withdrawn('none_left')
  await store.client.query('DELETE FROM headgate.worker WHERE run = $1', [run.id])
  expect(await ended[0]).toMatchObject(notFound)
})

test('Workers of one machine see the same files: the first that finds none ends the run at once', async () => {
  const { run, ended, end } = await begin('one_machine', 2, { sick: 2 })
  end()
  for (const over of await Promise.all(ended)) expect(over).toMatchObject(notFound)
  expect((await store.client.query('SELECT FROM headgate.run_event WHERE run = $1', [run.id])).rows).toEqual([])
})
