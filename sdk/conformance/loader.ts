// loaderChecks: what a loader promises: counts that add up, nothing outside the transaction, and that everything may be repeated.
import type { Delivery, LoadBatch, LoadCounts, Loader, Publication, PublishCounts, Transaction } from '../loader.ts'
import type { RunContext } from '../run.ts'
import type { TypedRecord } from '../transformer.ts'
import { type Check, promise, promiseSame, sampleRun, shown } from './check.ts'

export type LoaderKit = {
  /** Makes the loader anew. */
  make: () => AnyLoader
  /** Accepted records: values in the notation of TypedRecord. */
  records: readonly TypedRecord[]
  /** Runs `work` in a transaction of a PostgreSQL database that is there for checks, and always rolls it back. */
  rolledBack: (work: (transaction: Transaction) => Promise<void>) => Promise<void>
  /** Parts of the run that the loader depends on. */
  run?: Partial<RunContext>
}

/** A loader with a plan of any type. */
type AnyLoader = Loader<unknown, unknown>

/** A loader that has prepared its destination, with its plan as another worker gets it. */
type Prepared = { loader: AnyLoader; plan: unknown; transaction: Transaction; run: RunContext }

const delivery: Delivery = { keptFields: [] }

const publication: Publication = {
  async *rejectedKeys() {},
  olderRunOpen: false,
  newerRun: undefined,
  maxRemovedRatio: 1,
}

/** Checks of a loader. They leave nothing in the database. */
export function loaderChecks(kit: LoaderKit): Check[] {
  const { records } = kit
  const check = (name: string, work: (prepared: Prepared) => Promise<void>): Check => ({ name, run: () => whenPrepared(kit, work) })
  return [
    check('prepares as often as it is asked', async ({ loader, transaction, run }) => void (await loader.prepare(run, transaction, delivery))),
    { name: 'has a plan that JSON keeps', run: () => planIsJson(kit) },
    check('counts every record once', async (prepared) => addsUp(await load(prepared, records), records.length)),
    check('takes a batch without records', async (prepared) => addsUp(await load(prepared, []), 0)),
    { name: 'loads a batch again as the first time after its transaction was undone', run: () => repeats(kit) },
    check('loads a batch by its plan in a process that did not prepare it', async (prepared) => {
      addsUp(await load({ ...prepared, loader: kit.make() }, records), records.length)
    }),
    check('publishes corrections that add up to 0', async (prepared) => {
      await load(prepared, records)
      addsUp(await publish(prepared), 0)
    }),
    check('keeps accepted keys where it says', async (prepared) => {
      await load(prepared, records)
      await keysAreThere(prepared, records.length)
    }),
    check('discards as often as it is asked', async (prepared) => {
      await load(prepared, records)
      for (let time = 0; time < 2; time++) await prepared.loader.discard(prepared.run, prepared.transaction, prepared.plan)
    }),
    { name: 'leaves the transaction to the framework', run: () => leavesTransaction(kit) },
  ]
}

async function whenPrepared(
  { make, rolledBack, run }: LoaderKit,
  work: (prepared: Prepared) => Promise<void>,
  watched = (transaction: Transaction) => transaction,
) {
  await rolledBack(async (real) => {
    const [loader, transaction, context] = [make(), watched(real), sampleRun(run)]
    const plan = fromJson(await loader.prepare(context, transaction, delivery))
    await work({ loader, plan, transaction, run: context })
  })
}

function fromJson(plan: unknown): unknown {
  return plan === undefined ? undefined : JSON.parse(JSON.stringify(plan))
}

function load({ loader, transaction, run, plan }: Prepared, records: readonly TypedRecord[]): Promise<LoadCounts> {
  return loader.load(batchOf(records), transaction, run, plan)
}

function publish({ loader, transaction, run, plan }: Prepared): Promise<PublishCounts> {
  return loader.publish(run, transaction, plan, publication)
}

function batchOf(records: readonly TypedRecord[]): LoadBatch {
  return { size: records.length, record: (index) => structuredClone(records[index] as TypedRecord), recordOrder: (index) => BigInt(index) }
}

function addsUp(counts: LoadCounts, records: number): void {
  const { loaded, unchanged, superseded } = counts
  promise(loaded + unchanged + superseded === records, `counted ${shown(counts)} for ${records} records`)
}

async function planIsJson({ make, rolledBack, run }: LoaderKit): Promise<void> {
  await rolledBack(async (transaction) => {
    const plan = await make().prepare(sampleRun(run), transaction, delivery)
    promiseSame(fromJson(plan), plan, 'the plan has values that JSON does not keep')
  })
}

async function repeats(kit: LoaderKit): Promise<void> {
  const times: LoadCounts[] = []
  for (let time = 0; time < 2; time++) await whenPrepared(kit, async (prepared) => void times.push(await load(prepared, kit.records)))
  promiseSame(times[0], times[1], 'loaded twice')
}

async function keysAreThere({ loader, plan, transaction }: Prepared, records: number): Promise<void> {
  const keys = loader.acceptedKeys(plan)
  if (keys?.run === undefined || keys.columns.length === 0) return
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  const relation = [keys.run.schema, keys.run.name].flatMap((name) => (name === undefined ? [] : [quoted(name)])).join('.')
  const { rows } = await transaction.query(`SELECT ${keys.columns.map(({ name }) => quoted(name)).join(', ')}, _pos FROM ${relation}`)
  promise(rows.length <= records && rows.length > 0, `${relation} has ${rows.length} rows after ${records} records were loaded`)
}

const ending = /^\s*(begin|start\s+transaction|commit|end|rollback(?!\s+to\b)|abort|prepare\s+transaction)\b/i

async function leavesTransaction(kit: LoaderKit): Promise<void> {
  const watched = (transaction: Transaction): Transaction => ({
    copyFrom: (statement) => transaction.copyFrom(statement),
    query: (text, values) => {
      promise(!text.split(';').some((statement) => ending.test(statement)), `sent ${shown(text)}; the framework begins and ends transactions`)
      return transaction.query(text, values)
    },
  })
  await whenPrepared(
    kit,
    async (prepared) => {
      await load(prepared, kit.records)
      await publish(prepared)
    },
    watched,
  )
}
