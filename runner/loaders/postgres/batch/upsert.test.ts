import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../../test/support/database.ts'
import { connect, field, joinRun, orderSchema, type Row, startRun } from '../../../../test/support/loading.ts'

const database = await freshDatabase()
const { client } = await connect(database.url)
const other = await connect(database.url)
let tables = 0

/** A keyed table with rows 1 … `rows`, loaded by a run. */
async function tableWith(rows: Row[], schema = orderSchema) {
  const table = `upsert_${++tables}`
  const versioned = schema.versionField === undefined ? '' : 'version int, '
  await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, name text, ${versioned}_run bigint NOT NULL, _pos bigint NOT NULL)`)
  const destination = { table, mode: 'Upsert' as const }
  if (rows.length > 0) await (await startRun(client, destination, schema)).load(rows)
  return { table, destination, content: async () => (await client.query(`SELECT * FROM ${table} ORDER BY id`)).rows.map((row) => row) }
}

const two: Row[] = [
  { id: 1n, name: 'one', pos: 1 },
  { id: 2n, name: 'two', pos: 2 },
]

describe('an upsert by batch', () => {
  it('copies directly into an empty table', async () => {
    const { destination, content } = await tableWith([])
    const run = await startRun(client, destination)
    expect(run.plan).toMatchObject({ route: 'stage', empty: true })
    expect(await run.load(two)).toMatchObject({ loaded: 2, unchanged: 0, superseded: 0 })
    expect(await content()).toMatchObject([{ name: 'one' }, { name: 'two' }])
  })

  it('leaves identical rows of an earlier run unchanged, and returns their keys', async () => {
    const { destination, content } = await tableWith(two)
    const before = await content()
    const counts = await (await startRun(client, destination)).load(two)
    expect(counts).toMatchObject({ loaded: 0, unchanged: 2, superseded: 0, overwrittenKeys: null })
    expect(counts.unchangedKeys).toHaveLength(16)
    expect(await content()).toEqual(before)
  })

  it('updates changed rows and inserts new ones', async () => {
    const { destination, content } = await tableWith(two)
    const counts = await (await startRun(client, destination)).load([
      { id: 2n, name: null, pos: 1 },
      { id: 3n, name: 'three', pos: 2 },
    ])
    expect(counts).toMatchObject({ loaded: 2, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null })
    expect(counts.overwrittenKeys).toHaveLength(8)
    expect(await content()).toMatchObject([{ name: 'one' }, { name: null }, { name: 'three' }])
  })

  it('loads the last record of a key in a batch', async () => {
    const { destination, content } = await tableWith([])
    const rows = [
      { id: 1n, name: 'last', pos: 9 },
      { id: 1n, name: 'first', pos: 3 },
    ]
    expect(await (await startRun(client, destination)).load(rows)).toMatchObject({ loaded: 1, superseded: 1 })
    expect(await content()).toMatchObject([{ name: 'last', _pos: '9' }])
  })

  it.each([
    { order: 'in source order', positions: [1, 2], counts: { loaded: 1, superseded: 0, overwrote: 1 } },
    { order: 'the other way round', positions: [2, 1], counts: { loaded: 0, superseded: 1, overwrote: 0 } },
  ])('takes the later of two batches’ records that come $order', async ({ positions, counts }) => {
    const { destination, content } = await tableWith([])
    const run = await startRun(client, destination)
    await run.load([{ id: 1n, name: `at ${positions[0]}`, pos: positions[0] as number }])
    expect(await run.load([{ id: 1n, name: `at ${positions[1]}`, pos: positions[1] as number }])).toMatchObject({ unchanged: 0, ...counts })
    expect(await content()).toMatchObject([{ name: 'at 2', _pos: '2' }])
  })

  it('never counts a row as unchanged that this run has written', async () => {
    const { destination } = await tableWith([])
    const run = await startRun(client, destination)
    await run.load([{ id: 1n, name: 'same', pos: 1 }])
    expect(await run.load([{ id: 1n, name: 'same', pos: 2 }])).toMatchObject({ loaded: 1, unchanged: 0, overwrote: 1, overwrittenKeys: null })
  })

  it('gives the same table for a change and its reversal in one batch or in two', async () => {
    const [apart, together] = [await tableWith(two), await tableWith(two)]
    const rows = [
      { id: 1n, name: 'changed', pos: 5 },
      { id: 1n, name: 'one', pos: 6 },
    ]
    const run = await startRun(client, apart.destination)
    for (const row of rows) await run.load([row])
    const counts = await (await startRun(client, together.destination)).load(rows)
    expect(counts).toMatchObject({ loaded: 1, unchanged: 0, superseded: 1 })
    const [one, another] = [await apart.content(), await together.content()]
    expect(one[0]).toMatchObject({ name: 'one', _pos: '6' })
    expect(another[0]).toMatchObject({ name: 'one', _pos: '6' })
  })

  it('does not let a replayed older run overwrite newer rows', async () => {
    const { destination, content, table } = await tableWith(two)
    const old = await startRun(client, destination)
    await client.query(`UPDATE ${table} SET _run = ${old.context.id + 1}`)
    expect(await old.load([{ id: 1n, name: 'old', pos: 99 }])).toMatchObject({ loaded: 0, superseded: 1 })
    expect(await content()).toMatchObject([{ name: 'one' }, { name: 'two' }])
  })

  it('restores a row that an earlier record overwrote after a later one was found unchanged', async () => {
    const { destination, content } = await tableWith(two)
    const run = await startRun(client, destination)
    const later = [
      { id: 1n, name: 'one', pos: 10 },
      { id: 2n, name: 'two', pos: 11 },
    ]
    const seen = await run.load(later)
    const written = await run.load([{ id: 1n, name: 'between', pos: 5 }])
    expect(seen.unchangedKeys?.subarray(0, 8)).toEqual(written.overwrittenKeys)
    const untouched = (await content())[1]
    expect(await run.load(later, { exhaustive: true })).toEqual({ loaded: 0, unchanged: 0, superseded: 0, overwrote: 1 })
    expect(await content()).toEqual([{ id: 1, name: 'one', _run: String(run.context.id), _pos: '10' }, untouched])
  })

  it('keeps a batch’s keys readable in its transaction', async () => {
    const { destination } = await tableWith([])
    const run = await startRun(client, destination)
    expect(run.plan.stage).toBe(`headgate_batch_${run.context.id}`)
    await client.query('BEGIN')
    await client.query('ROLLBACK')
    expect(await run.load(two, { keepKeys: true })).toMatchObject({ loaded: 2 })
  })

  it.each([
    { what: 'dense', step: 1 },
    { what: 'far apart', step: 1000 },
  ])('judges keys alike whether they are $what', async ({ step }) => {
    const row = (place: number, name: string) => ({ id: BigInt(place * step), name, pos: place })
    const { destination, content } = await tableWith(Array.from({ length: 300 }, (_, place) => row(place, 'present')))
    const rows = Array.from({ length: 200 }, (_, place) => row(place + 150, place % 2 === 0 ? 'present' : 'changed'))
    const counts = await (await startRun(client, destination)).load([...rows, { ...row(340, 'later'), pos: 999 }])
    expect(counts).toMatchObject({ loaded: 125, unchanged: 75, superseded: 1, overwrote: 0 })
    expect(counts.unchangedKeys).toHaveLength(75 * 8)
    const names = (await content()).map(({ name }) => name)
    expect([names.length, names.filter((name) => name === 'present').length, names[340]]).toEqual([350, 249, 'later'])
  })

  it('leaves nothing behind when the transaction is rolled back, and loads the same batch again', async () => {
    const { destination, content } = await tableWith(two)
    const run = await startRun(client, destination)
    const rows = [
      { id: 1n, name: 'changed', pos: 1 },
      { id: 7n, name: 'new', pos: 2 },
    ]
    const before = await content()
    await expect(run.load([...rows, { id: 8n, name: 'a text with \u0000', pos: 3 }])).rejects.toThrow()
    expect(await content()).toEqual(before)
    expect(await run.load(rows)).toMatchObject({ loaded: 2 })
  })
})

describe('an upsert with a version field', () => {
  const schema = { ...orderSchema, versionField: 'version', fields: [...orderSchema.fields, field('version', 'integer', { nullable: true })] }
  const present: Row[] = [{ id: 1n, name: 'present', version: 5n, pos: 1 }]

  it.each([
    { what: 'an older version', version: 4n, counts: { loaded: 0, superseded: 1 } },
    { what: 'no version', version: null, counts: { loaded: 0, superseded: 1 } },
    { what: 'the same version, later', version: 5n, counts: { loaded: 1, superseded: 0 } },
    { what: 'a newer version', version: 6n, counts: { loaded: 1, superseded: 0 } },
  ])('meets $what', async ({ version, counts }) => {
    const { destination } = await tableWith(present, schema)
    expect(await (await startRun(client, destination, schema)).load([{ id: 1n, name: 'incoming', version, pos: 1 }])).toMatchObject({ unchanged: 0, ...counts })
  })

  it('loads the highest version of a batch, even if it came first', async () => {
    const { destination, content } = await tableWith([], schema)
    await (await startRun(client, destination, schema)).load([
      { id: 1n, name: 'newest', version: 9n, pos: 1 },
      { id: 1n, name: 'older', version: 8n, pos: 2 },
      { id: 1n, name: 'none', version: null, pos: 3 },
    ])
    expect(await content()).toMatchObject([{ name: 'newest' }])
  })
})

describe('two workers', () => {
  it('end with the later record when their keys cross', async () => {
    const { destination, content } = await tableWith([])
    const run = await startRun(client, destination)
    const second = joinRun(other.client, run, destination)
    const ids = Array.from({ length: 500 }, (_, index) => BigInt(index))
    const rows = (first: number) => ids.map((id, index) => ({ id, name: `at ${first}`, pos: first + index }))
    const results = await Promise.all([retried(() => run.load(rows(1000))), retried(() => second.load(rows(5000).reverse()))])
    const sum = (count: (result: (typeof results)[number]) => number) => results.reduce((total, result) => total + count(result), 0)
    expect(sum((result) => result.loaded - (result.overwrote ?? 0))).toBe(500)
    expect(sum((result) => result.superseded + (result.overwrote ?? 0))).toBe(500)
    expect(new Set((await content()).map((row) => row.name))).toEqual(new Set(['at 5000']))
  })

  it('see a row that the other changed concurrently', async () => {
    const { destination, content, table } = await tableWith(two)
    const run = await startRun(client, destination)
    await other.client.query('BEGIN')
    await other.client.query(`UPDATE ${table} SET name = 'theirs', _run = ${run.context.id}, _pos = 50 WHERE id = 1`)
    await other.client.query(`INSERT INTO ${table} VALUES (3, 'theirs', ${run.context.id}, 51)`)
    const loading = run.load([
      { id: 1n, name: 'ours', pos: 10 },
      { id: 3n, name: 'ours', pos: 60 },
    ])
    await waitUntilBlocked()
    await other.client.query('COMMIT')
    expect(await loading).toMatchObject({ loaded: 1, superseded: 1, overwrote: 1 })
    expect(await content()).toMatchObject([{ name: 'theirs' }, { name: 'two' }, { name: 'ours' }])
  })
})

async function waitUntilBlocked(): Promise<void> {
  for (;;) {
    const { rows } = await database.client.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    if (rows.length > 0) return
  }
}

/** A deadlock is a retryable failure; the engine tries the batch again. */
async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if ((error as { code?: string }).code !== '40P01') throw error
    return retried(work)
  }
}
