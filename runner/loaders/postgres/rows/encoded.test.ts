import { describe, expect, it } from 'vitest'
import { openConnection, transactionOver } from '../../../../store/connection.ts'
import { freshDatabase } from '../../../../test/support/database.ts'
import { connect, inTransaction, type LoadingRun, orderSchema, startRun } from '../../../../test/support/loading.ts'
import { EncodedRows } from '../../../copy/encoded-rows.ts'
import { PostgresLoader } from '../loader.ts'
import { keyOrder } from './key-order.ts'

const database = await freshDatabase()
const { client } = await connect(database.url)
let tables = 0

/** Rows (id, name, _run, _pos) as the column program encodes them. */
function encoded(run: number, rows: { id: number; name: string; pos: number }[], sortable = true): EncodedRows {
  const target = new EncodedRows()
  target.sortable = sortable
  for (const { id, name, pos } of rows) {
    const text = Buffer.from(name)
    const row = Buffer.alloc(2 + 12 + 4 + text.length + 24)
    row.writeInt16BE(4, 0)
    writeBigint(row, 2, id)
    row.writeInt32BE(text.length, 14)
    text.copy(row, 18)
    writeBigint(row, 18 + text.length, run)
    writeBigint(row, 30 + text.length, pos)
    target.reserve(row.length)
    row.copy(target.bytes, target.length)
    target.length += row.length
    target.endRow(pos, id)
  }
  return target
}

function writeBigint(row: Buffer, at: number, value: number): void {
  row.writeInt32BE(8, at)
  row.writeBigInt64BE(BigInt(value), at + 4)
}

async function upsertTable() {
  const table = `encoded_${++tables}`
  await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, name text, _run bigint NOT NULL, _pos bigint NOT NULL)`)
  return { table, mode: 'Upsert' as const }
}

function loadEncoded(loader: PostgresLoader, run: LoadingRun, rows: EncodedRows, keepKeys = false) {
  return inTransaction(client, (transaction) => loader.loadEncoded(rows, transaction, run.context, { plan: run.plan, keepKeys, rewriteUnchanged: false }))
}

/** Ends the connection that waits for a lock in this database, once there is one. */
async function terminateBlocked(): Promise<void> {
  const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  while ((await database.client.query(`SELECT pg_terminate_backend(pid) ${waiting}`)).rows.length === 0);
}

const shuffled = (count: number) => Array.from({ length: count }, (_, index) => ({ id: (index * 7919) % count, name: 'x'.repeat(index % 400), pos: index }))

describe('encoded rows', () => {
  it.each([true, false])('arrive complete and unchanged over many chunks, sortable: %s', async (sortable) => {
    const destination = await upsertTable()
    const run = await startRun(client, destination)
    const rows = shuffled(5003)
    const counts = await loadEncoded(new PostgresLoader({ destination, schema: orderSchema }), run, encoded(run.context.id, rows, sortable))
    expect(counts).toMatchObject({ loaded: 5003, superseded: 0 })
    const { rows: loaded } = await client.query(`SELECT id::int, name, _pos::int AS pos FROM ${destination.table} ORDER BY _pos`)
    expect(loaded).toEqual(rows)
  })

  it('use the stage once a key existed, and are copied directly again when only new keys come', async () => {
    const destination = await upsertTable()
    const loader = new PostgresLoader({ destination, schema: orderSchema })
    const run = await startRun(client, destination)
    const batch = (first: number, pos: number) => [0, 1, 2].map((index) => ({ id: first + index, name: 'n', pos: pos + index }))
    expect(await loadEncoded(loader, run, encoded(run.context.id, batch(0, 0)))).toMatchObject({ loaded: 3 })
    expect(await loadEncoded(loader, run, encoded(run.context.id, batch(1, 10)))).toMatchObject({ loaded: 3, overwrote: 2 })
    for (let next = 2; next < 15; next++) {
      expect(await loadEncoded(loader, run, encoded(run.context.id, batch(next * 10, next * 10)))).toMatchObject({ loaded: 3, overwrote: 0 })
    }
    const { rows } = await client.query(`SELECT count(*)::int AS rows FROM ${destination.table}`)
    expect(rows).toEqual([{ rows: 4 + 13 * 3 }])
  })

  it.each(['Upsert', 'Replace', 'Snapshot', 'Append'] as const)('stay readable by key within the transaction in mode %s', async (mode) => {
    const destination = { ...(await upsertTable()), mode }
    const loader = new PostgresLoader({ destination, schema: orderSchema })
    const run = await startRun(client, destination)
    const rows = encoded(run.context.id, shuffled(10))
    await inTransaction(client, async (transaction) => {
      await loader.loadEncoded(rows, transaction, run.context, { plan: run.plan, keepKeys: true, rewriteUnchanged: false })
      expect(run.plan.key).toEqual(mode === 'Append' ? [] : ['id'])
      expect((await transaction.query(`SELECT id FROM "${run.plan.stage}"`)).rows).toHaveLength(10)
    })
    const target = run.plan.staging === null ? destination.table : `headgate_stage.${run.plan.staging.name}`
    expect((await client.query(`SELECT FROM ${target}`)).rows).toHaveLength(10)
  })

  it('can be sent again after the connection was lost during COPY', async () => {
    const destination = await upsertTable()
    const loader = new PostgresLoader({ destination, schema: orderSchema })
    const run = await startRun(client, destination)
    const doomed = await openConnection(database.url, { applicationName: 'doomed' })
    const rows = encoded(run.context.id, shuffled(20_000))
    await doomed.query('BEGIN')
    await client.query(`BEGIN; LOCK TABLE ${destination.table}`)
    const loading = loader.loadEncoded(rows, transactionOver(doomed), run.context, { plan: run.plan, keepKeys: false, rewriteUnchanged: false })
    const failure = expect(loading).rejects.toThrow()
    await terminateBlocked()
    await failure
    await client.query('COMMIT')
    expect(await loadEncoded(loader, run, rows)).toMatchObject({ loaded: 20_000 })
  })
})

describe('the order of keys', () => {
  const keys = (...numbers: number[]) =>
    encoded(
      1,
      numbers.map((id, pos) => ({ id, name: '', pos })),
    )

  it.each([
    { what: 'rising keys', rows: keys(1, 2, 3), order: undefined, mayRepeat: false },
    { what: 'rising keys with a repeat', rows: keys(1, 2, 2), order: undefined, mayRepeat: true },
    { what: 'falling keys', rows: keys(3, 2, 1), order: [2, 1, 0], mayRepeat: false },
    { what: 'keys apart that repeat', rows: keys(5, 1, 5, 0), order: [3, 1, 0, 2], mayRepeat: true },
    { what: 'keys closer than ranks tell', rows: keys(2 ** 52, 1, 2, 0), order: [1, 2, 3, 0], mayRepeat: false },
    { what: 'one row', rows: keys(1), order: undefined, mayRepeat: false },
  ])('is found for $what', ({ rows, order, mayRepeat }) => {
    const found = keyOrder(rows)
    expect({ order: found.order === undefined ? undefined : [...found.order], mayRepeat: found.mayRepeat }).toEqual({ order, mayRepeat })
  })

  it('is undefined for keys that cannot be sorted', () => {
    expect(keyOrder(encoded(1, shuffled(5), false))).toEqual({ order: undefined, mayRepeat: true })
  })
})
