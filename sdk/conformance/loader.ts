// loaderChecks: what a loader promises: counts that add up, nothing outside the transaction, and that everything may be repeated.
import type { LoadBatch, LoadCounts, Loader, Transaction } from '../loader.ts'
import type { RunContext } from '../run.ts'
import type { TypedRecord } from '../transformer.ts'
import { type Check, promise, promiseSame, sampleRun, shown } from './check.ts'

export type LoaderKit = {
  /** Makes the loader anew. */
  make: () => Loader
  /** Accepted records: values in the notation of TypedRecord. */
  records: readonly TypedRecord[]
  /** Runs `work` in a transaction of a PostgreSQL database that is there for checks, and always rolls it back. */
  rolledBack: (work: (transaction: Transaction) => Promise<void>) => Promise<void>
  /** Parts of the run that the loader depends on. */
  run?: Partial<RunContext>
}

/** Checks of a loader. They leave nothing in the database. */
export function loaderChecks(kit: LoaderKit): Check[] {
  const { make, records } = kit
  const run = sampleRun(kit.run)
  const prepared = (work: (loader: Loader, transaction: Transaction) => Promise<void>) =>
    kit.rolledBack(async (transaction) => {
      const loader = make()
      await loader.prepare(run, transaction)
      await work(loader, transaction)
    })
  return [
    { name: 'prepares as often as it is asked', run: () => prepared(async (loader, transaction) => void (await loader.prepare(run, transaction))) },
    {
      name: 'counts every record once',
      run: () => prepared(async (loader, transaction) => addsUp(await loader.load(batchOf(records), transaction, run), records.length)),
    },
    {
      name: 'takes a batch without records',
      run: () => prepared(async (loader, transaction) => addsUp(await loader.load(batchOf([]), transaction, run), 0)),
    },
    { name: 'loads a batch again as the first time after its transaction was undone', run: () => repeats(prepared, records, run) },
    {
      name: 'publishes corrections that add up to 0',
      run: () =>
        prepared(async (loader, transaction) => {
          await loader.load(batchOf(records), transaction, run)
          addsUp(await loader.publish(run, transaction), 0)
        }),
    },
    {
      name: 'discards as often as it is asked',
      run: () =>
        prepared(async (loader, transaction) => {
          await loader.load(batchOf(records), transaction, run)
          for (let time = 0; time < 2; time++) await loader.discard(run, transaction)
        }),
    },
    { name: 'leaves the transaction to the framework', run: () => leavesTransaction(kit, run) },
  ]
}

type Prepared = (work: (loader: Loader, transaction: Transaction) => Promise<void>) => Promise<void>

function batchOf(records: readonly TypedRecord[]): LoadBatch {
  return { size: records.length, record: (index) => structuredClone(records[index] as TypedRecord), recordOrder: (index) => BigInt(index) }
}

function addsUp(counts: LoadCounts, records: number): void {
  const { loaded, unchanged, superseded } = counts
  promise(loaded + unchanged + superseded === records, `counted ${shown(counts)} for ${records} records`)
}

async function repeats(prepared: Prepared, records: readonly TypedRecord[], run: RunContext): Promise<void> {
  const times: LoadCounts[] = []
  for (let time = 0; time < 2; time++) {
    await prepared(async (loader, transaction) => void times.push(await loader.load(batchOf(records), transaction, run)))
  }
  promiseSame(times[0], times[1], 'loaded twice')
}

const ending = /^\s*(begin|start\s+transaction|commit|end|rollback(?!\s+to\b)|abort|prepare\s+transaction)\b/i

async function leavesTransaction({ make, records, rolledBack }: LoaderKit, run: RunContext): Promise<void> {
  await rolledBack(async (transaction) => {
    const watched: Transaction = {
      copyFrom: (statement) => transaction.copyFrom(statement),
      query: (text, values) => {
        promise(!text.split(';').some((statement) => ending.test(statement)), `sent ${shown(text)}; the framework begins and ends transactions`)
        return transaction.query(text, values)
      },
    }
    const loader = make()
    await loader.prepare(run, watched)
    await loader.load(batchOf(records), watched, run)
    await loader.publish(run, watched)
  })
}
