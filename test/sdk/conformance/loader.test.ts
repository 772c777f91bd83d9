import { describe, expect, it } from 'vitest'
import { ConformanceError, loaderChecks } from '../../../sdk/conformance/index.ts'
import { type AcceptedKeys, type LoadBatch, type LoadCounts, Loader, type RunContext, type Transaction } from '../../../sdk/index.ts'
import { transactionOver } from '../../../store/connection.ts'
import { freshDatabase } from '../../support/database.ts'
import { failing, numbers } from './failing.ts'

let calls = 0

const database = await freshDatabase()

async function rolledBack(work: (transaction: Transaction) => Promise<void>): Promise<void> {
  await database.client.query('BEGIN')
  try {
    await work(transactionOver(database.client))
  } finally {
    await database.client.query('ROLLBACK')
  }
}

class Keeping extends Loader<unknown, unknown> {
  override async prepare(_run: RunContext, transaction: Transaction): Promise<unknown> {
    await transaction.query('CREATE TABLE IF NOT EXISTS kept (n text)')
    return undefined
  }

  override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
    for (let index = 0; index < batch.size; index++) await transaction.query('INSERT INTO kept VALUES ($1)', [batch.record(index).n])
    return { loaded: batch.size, unchanged: 0, superseded: 0 }
  }
}

describe('a loader', () => {
  const uneven = { loaded: 1, unchanged: 0, superseded: 0 }
  const again = () => {
    throw new ConformanceError('once is enough')
  }
  const broken: { fails: string[]; make: () => Loader<unknown, unknown> }[] = [
    { fails: [], make: () => new Keeping(undefined) },
    {
      fails: ['prepares as often as it is asked'],
      make: () => {
        let times = 0
        return new (class extends Keeping {
          override async prepare(run: RunContext, transaction: Transaction): Promise<unknown> {
            return times++ === 0 ? super.prepare(run, transaction) : again()
          }
        })(undefined)
      },
    },
    {
      fails: ['has a plan that JSON keeps'],
      make: () =>
        new (class extends Keeping {
          override async prepare(run: RunContext, transaction: Transaction): Promise<unknown> {
            await super.prepare(run, transaction)
            return { since: new Date(0) }
          }
        })(undefined),
    },
    {
      fails: ['loads a batch by its plan in a process that did not prepare it'],
      make: () => {
        let prepared = false
        return new (class extends Keeping {
          override async prepare(run: RunContext, transaction: Transaction): Promise<unknown> {
            prepared = true
            return super.prepare(run, transaction)
          }
          override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
            return prepared ? super.load(batch, transaction) : again()
          }
        })(undefined)
      },
    },
    {
      fails: ['keeps accepted keys where it says'],
      make: () =>
        new (class extends Keeping {
          override async prepare(run: RunContext, transaction: Transaction): Promise<unknown> {
            await transaction.query('CREATE TEMPORARY TABLE IF NOT EXISTS empty (n text, _pos bigint) ON COMMIT DROP')
            return super.prepare(run, transaction)
          }
          override acceptedKeys(): AcceptedKeys {
            return { columns: [{ name: 'n', type: 'text' }], run: { name: 'empty' } }
          }
        })(undefined),
    },
    {
      fails: ['counts every record once', 'takes a batch without records', 'loads a batch by its plan in a process that did not prepare it'],
      make: () =>
        new (class extends Keeping {
          override async load(): Promise<LoadCounts> {
            return uneven
          }
        })(undefined),
    },
    {
      fails: ['loads a batch again as the first time after its transaction was undone'],
      make: () =>
        new (class extends Keeping {
          override async load(batch: LoadBatch): Promise<LoadCounts> {
            const unchanged = calls++ % 2 === 0 ? 0 : batch.size
            return { loaded: batch.size - unchanged, unchanged, superseded: 0 }
          }
        })(undefined),
    },
    {
      fails: ['publishes corrections that add up to 0'],
      make: () =>
        new (class extends Keeping {
          override async publish(): Promise<LoadCounts> {
            return uneven
          }
        })(undefined),
    },
    {
      fails: ['discards as often as it is asked'],
      make: () => {
        let times = 0
        return new (class extends Keeping {
          override async discard(): Promise<void> {
            if (times++ > 0) again()
          }
        })(undefined)
      },
    },
    {
      fails: ['leaves the transaction to the framework'],
      make: () =>
        new (class extends Keeping {
          override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
            const counts = await super.load(batch, transaction)
            await transaction.query('SAVEPOINT mine; ROLLBACK TO SAVEPOINT mine; COMMIT AND CHAIN').catch(rethrown)
            return counts
          }
        })(undefined),
    },
  ]

  /** What PostgreSQL says is not what is checked here. */
  function rethrown(error: unknown): void {
    if (error instanceof ConformanceError) throw error
  }

  it.each(broken)('fails the right check: $fails', async ({ make, fails }) => {
    const failed = await failing(loaderChecks({ make, records: numbers, rolledBack }))
    await database.client.query('DROP TABLE IF EXISTS kept')
    expect(failed).toEqual(fails)
  })
})
