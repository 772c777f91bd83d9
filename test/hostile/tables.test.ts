// Tables with rules of their own: what they refuse is a matter of the record, what they drop silently is told, and neither is
// ever taken for a race.
import { hash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LocalCoordination } from '../../runner/coordination/local.ts'
import { runWorker } from '../../runner/engine/worker.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { startRun } from '../../store/runs.ts'
import { changes } from '../property/assembly.ts'
import { field } from '../support/loading.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'
import { type Delivered, deliveries } from './destination.ts'

const store = await freshStore()
const { client } = store
const deliver = deliveries(store)
await client.query('CREATE SCHEMA hostile')

afterEach(() => {
  changes.beforeReading = undefined
})

const managed = '_run bigint NOT NULL, _pos bigint NOT NULL'
const idAndWord = [field('id', 'integer'), field('word', 'text')]

let tables = 0

/** Creates the table `hostile.t…`. `$` is replaced by its name. */
async function created(sql: string): Promise<string> {
  const table = `hostile.t${++tables}`
  await client.query(sql.replaceAll('$', table))
  return table
}

/** Records 1 to `count` with a word each; `bad` are given instead. */
function lines(count: number, bad: Record<number, string>): string[] {
  return Array.from({ length: count }, (_, index) => bad[index + 1] ?? `${index + 1},good${index + 1}`)
}

async function ids(table: string): Promise<number[]> {
  return (await client.query(`SELECT id::int FROM ${table} ORDER BY id`)).rows.map(({ id }) => id as number)
}

function without(count: number, ...missing: number[]): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter((id) => !missing.includes(id))
}

const raising = `CREATE FUNCTION $_refuse() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF new.word = ''secret'' THEN RAISE EXCEPTION ''not %'', new.word; END IF; RETURN new; END'`
const emptying = `CREATE FUNCTION $_empty() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.word = ''secret'' THEN new.word = NULL; END IF; RETURN new; END'`
const parents = `CREATE TABLE $_parent (word text PRIMARY KEY); INSERT INTO $_parent SELECT 'good' || n FROM generate_series(1, 40) n`

/** Some 25 kB that no compression makes fit into a page. */
const incompressible = Array.from({ length: 200 }, (_, part) => hash('sha512', `${part}`)).join('')

const refusals = [
  { code: 'destination.check', by: '_word_check', sql: `CREATE TABLE $ (id int PRIMARY KEY, word text CHECK (word <> 'secret'), ${managed})` },
  {
    code: 'destination.domain',
    by: '_word_check',
    sql: `CREATE DOMAIN $_word AS text CHECK (value <> 'secret'); CREATE TABLE $ (id int PRIMARY KEY, word $_word, ${managed})`,
  },
  {
    code: 'destination.domain',
    by: 't3_outer_check',
    sql: `CREATE DOMAIN $_inner AS varchar(20); CREATE DOMAIN $_outer AS $_inner CHECK (value <> 'secret'); CREATE TABLE $ (id int PRIMARY KEY, word $_outer, ${managed})`,
  },
  { code: 'destination.unique', by: '_word_key', sql: `CREATE TABLE $ (id int PRIMARY KEY, word text UNIQUE, ${managed})`, bad: '17,good3' },
  {
    code: 'destination.unique',
    by: '_upper_idx',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}); CREATE UNIQUE INDEX ON $ (upper(word))`,
    bad: '17,GOOD3',
  },
  {
    code: 'destination.unique',
    by: '_word_key',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text UNIQUE DEFERRABLE INITIALLY DEFERRED, ${managed})`,
    bad: '17,good3',
  },
  { code: 'destination.foreignKey', by: '_word_fkey', sql: `${parents}; CREATE TABLE $ (id int PRIMARY KEY, word text REFERENCES $_parent, ${managed})` },
  {
    code: 'destination.foreignKey',
    by: '_word_fkey',
    sql: `${parents}; CREATE TABLE $ (id int PRIMARY KEY, word text REFERENCES $_parent DEFERRABLE INITIALLY DEFERRED, ${managed})`,
  },
  {
    code: 'destination.exclusion',
    by: '_word_excl',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}, EXCLUDE USING btree (word WITH =))`,
    bad: '17,good3',
  },
  {
    code: 'destination.partition',
    by: 'no partition',
    sql: `CREATE TABLE $ (id int, word text, ${managed}, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE $_low PARTITION OF $ FOR VALUES FROM (1) TO (100)`,
    bad: '1700,secret',
  },
  {
    code: 'destination.size',
    by: 'too wide',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}); ALTER TABLE $ ALTER word SET STORAGE PLAIN`,
    bad: `17,secret${incompressible}`,
  },
  {
    code: 'destination.trigger',
    by: '_refuse',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}); ${raising}; CREATE TRIGGER careful BEFORE INSERT OR UPDATE ON $ FOR EACH ROW EXECUTE FUNCTION $_refuse()`,
  },
  {
    code: 'destination.notNull',
    by: 'word',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text NOT NULL, ${managed}); ${emptying}; CREATE TRIGGER careless BEFORE INSERT OR UPDATE ON $ FOR EACH ROW EXECUTE FUNCTION $_empty()`,
  },
  {
    code: 'destination.value',
    by: 'value',
    sql: `CREATE TABLE $ (id int PRIMARY KEY, word text, share int GENERATED ALWAYS AS (1 / (CASE word WHEN 'secret' THEN 0 ELSE 1 END)) STORED, ${managed})`,
  },
]

function expectRefused({ run, quarantined }: Delivered, { code, by, bad = '17,secret' }: { code: string; by: string; bad?: string }): void {
  expect(run).toMatchObject({ state: 'Succeeded', failure: undefined, counts: { quarantined: 1 } })
  expect(quarantined).toEqual([{ raw: bad, codes: [code], errors: expect.stringContaining(by) }])
  expect(quarantined[0]?.errors).not.toContain('secret')
}

describe('a record that the table refuses', () => {
  it.each(refusals)('is quarantined as $code, by $by, and the others are loaded', async ({ sql, ...refusal }) => {
    const table = await created(sql)
    const delivery = { table, fields: idAndWord, lines: lines(30, { 17: refusal.bad ?? '17,secret' }) }
    const first = await deliver(delivery)
    expectRefused(first, refusal)
    expect(first.run.counts).toMatchObject({ read: 30, loaded: 29 })
    expect(await ids(table)).toEqual(without(30, 17))
    const again = await deliver(delivery)
    expectRefused(again, refusal)
    expect(again.run.counts.loaded + again.run.counts.unchanged).toBe(29)
    expect(await faultsInBooks(client)).toEqual([])
  })
})

/** Everything that is published as one, for which the staging table does not know all rules of the destination. */
const wholes = [{ publish: 'PerRun' as const }, { mode: 'Snapshot' as const }, { mode: 'Replace' as const }]

describe.each(wholes)('a record that the table refuses when the run is published, $mode $publish', (destination) => {
  it.each(refusals)('is quarantined as $code, by $by, and the others are loaded', async ({ sql, ...refusal }) => {
    const table = await created(sql)
    const by = refusal.by.replace(/^t\d+/, table.replace('hostile.', ''))
    const delivery = { table, fields: idAndWord, lines: lines(30, { 17: refusal.bad ?? '17,secret' }), batchSize: 7, destination }
    const first = await deliver(delivery)
    expectRefused(first, { ...refusal, by })
    expect(first.run.counts).toMatchObject({ read: 30, loaded: 29 })
    expect(await ids(table)).toEqual(without(30, 17))
    const again = await deliver(delivery)
    expectRefused(again, { ...refusal, by })
    expect(again.run.counts.loaded + again.run.counts.unchanged).toBe(29)
    expect(await ids(table)).toEqual(without(30, 17))
    expect(await faultsInBooks(client)).toEqual([])
  })
})

describe('the search for what a table refuses', () => {
  const small = `CREATE TABLE $ (id int PRIMARY KEY, word text CHECK (word <> 'secret'), ${managed})`

  it.each([
    { mode: 'Upsert' as const },
    { mode: 'Append' as const },
    { mode: 'Replace' as const },
    { mode: 'Snapshot' as const },
    { mode: 'Upsert' as const, publish: 'PerRun' as const },
  ])('finds several records in several batches, $mode $publish', async (destination) => {
    const table = await created(small)
    const bad = [3, 17, 18, 40]
    const { run, quarantined } = await deliver({
      table,
      fields: idAndWord,
      lines: lines(60, Object.fromEntries(bad.map((id) => [id, `${id},secret`]))),
      batchSize: 20,
      destination,
    })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 60, loaded: 56, quarantined: 4 } })
    expect(quarantined.map(({ raw }) => raw)).toEqual(bad.map((id) => `${id},secret`))
    expect(await ids(table)).toEqual(without(60, ...bad))
    expect(await faultsInBooks(client)).toEqual([])
  })

  it('keeps the row of a refused record in a Snapshot, and closes its entry when a good record with the key comes', async () => {
    const table = await created(small)
    const snapshot = { table, fields: idAndWord, destination: { mode: 'Snapshot' as const } }
    await deliver({ ...snapshot, lines: lines(5, {}) })
    await deliver({ ...snapshot, lines: lines(5, { 2: '2,secret' }) })
    expect(await ids(table)).toEqual([1, 2, 3, 4, 5])
    const state = async () => (await client.query('SELECT state FROM headgate.quarantine WHERE pipeline = $1 ORDER BY run', [table])).rows
    expect(await state()).toEqual([{ state: 'open' }])
    await deliver({ table, fields: idAndWord, lines: lines(5, { 4: '4,secret' }) })
    expect(await state()).toEqual([{ state: 'superseded' }, { state: 'open' }])
  })

  it('accepts children that come before their parents, although another record is refused', async () => {
    const table = await created(`CREATE TABLE $ (id int PRIMARY KEY, word text CHECK (word <> 'secret'), parent int REFERENCES $, ${managed})`)
    const tree = Array.from({ length: 400 }, (_, index) => `${index + 1},${index === 4 ? 'secret' : 'good'},${index < 200 ? index + 201 : ''}`)
    const fields = [...idAndWord, field('parent', 'integer', { nullable: true })]
    const { run } = await deliver({ table, fields, lines: tree })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { loaded: 399, quarantined: 1 } })
    expect(await ids(table)).toEqual(without(400, 5))
  })

  it('needs no search for a record that a later one of its batch supersedes', async () => {
    const table = await created(small)
    const { run } = await deliver({ table, fields: idAndWord, lines: [...lines(9, { 2: '2,secret' }), '4,newer', '2,late'] })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 11, loaded: 9, superseded: 2, quarantined: 0 } })
    expect((await client.query(`SELECT word FROM ${table} WHERE id IN (2, 4) ORDER BY id`)).rows).toEqual([{ word: 'late' }, { word: 'newer' }])
    expect(await faultsInBooks(client)).toEqual([])
  })

  it.each([
    { refused: 1, maxRefusedRatio: '0', state: 'Failed' },
    { refused: 100, maxRefusedRatio: '0.05', state: 'Succeeded' },
    { refused: 101, maxRefusedRatio: '0.05', state: 'Failed' },
    { refused: 101, maxRefusedRatio: '0.9', state: 'Succeeded' },
  ])('ends after $refused of 300 records with $maxRefusedRatio: $state', async ({ refused, maxRefusedRatio, state }) => {
    const table = await created(small)
    const bad = Object.fromEntries(Array.from({ length: refused }, (_, index) => [2 * index + 1, `${2 * index + 1},secret`]))
    const { run } = await deliver({ table, fields: idAndWord, lines: lines(300, bad), destination: { maxRefusedRatio } })
    expect(run.state).toBe(state)
    expect((await ids(table)).length).toBe(state === 'Failed' ? 0 : 300 - refused)
    if (state === 'Failed') expect(run.failure).toMatchObject({ code: 'DestinationRefused', retryable: false, message: expect.stringContaining('_word_check') })
  })

  it('reports the reason if the source is gone before its record could be stored', async () => {
    const table = await created(small)
    let readings = 0
    const written = (folder: string) => {
      changes.beforeReading = async () => {
        if (++readings === 2) rmSync(join(folder, 'in.csv'))
      }
    }
    const { run } = await deliver({ table, fields: idAndWord, lines: lines(30, { 17: '17,secret' }), written })
    expect(run).toMatchObject({ state: 'Failed', failure: { message: expect.stringContaining('in.csv') } })
    expect(await ids(table)).toEqual([])
  })
})

describe('the search for what a table refuses when a run is published', () => {
  const children = `${parents}; CREATE TABLE $ (id int PRIMARY KEY, word text REFERENCES $_parent, ${managed})`

  it.each(wholes)('finds records of several batches, $mode $publish', async (destination) => {
    const table = await created(children)
    const bad = [1, 17, 18, 40]
    const { run, quarantined } = await deliver({
      table,
      fields: idAndWord,
      lines: lines(40, Object.fromEntries(bad.map((id) => [id, `${id},secret`]))),
      batchSize: 6,
      destination,
    })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 40, loaded: 36, quarantined: 4 } })
    expect(quarantined.map(({ raw }) => raw)).toEqual(bad.map((id) => `${id},secret`))
    expect(await ids(table)).toEqual(without(40, ...bad))
    expect(await faultsInBooks(client)).toEqual([])
  })

  it('names the index that a row of a Replace breaks, and keeps the first of the two', async () => {
    const table = await created(
      `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}); CREATE UNIQUE INDEX ON $ (upper(word)); INSERT INTO $ VALUES (1, 'old', 0, 0)`,
    )
    const { run, quarantined } = await deliver({ table, fields: idAndWord, lines: lines(30, { 17: '17,GOOD3' }), destination: { mode: 'Replace' } })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { loaded: 29, quarantined: 1 } })
    expect(quarantined).toMatchObject([{ raw: '17,GOOD3', codes: ['destination.unique'], errors: expect.stringContaining('_upper_idx') }])
    expect(await ids(table)).toEqual(without(30, 17))
    const { rows } = await client.query(
      `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'headgate_stage' AND relname LIKE 'trial%'`,
    )
    expect(rows).toEqual([])
  })

  it('appends the other records', async () => {
    const table = await created(`${parents}; CREATE TABLE $ (id int, word text REFERENCES $_parent, ${managed})`)
    const destination = { mode: 'Append' as const, publish: 'PerRun' as const }
    const { run } = await deliver({ table, fields: idAndWord, lines: lines(30, { 17: '17,secret' }), batchSize: 7, key: [], destination })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { loaded: 29, quarantined: 1 } })
    expect(await ids(table)).toEqual(without(30, 17))
    expect(await faultsInBooks(client)).toEqual([])
  })

  it.each(wholes)('takes children that come in an earlier batch than their parents, $mode $publish', async (destination) => {
    const table = await created(`CREATE TABLE $ (id int PRIMARY KEY, word text, parent int REFERENCES $, ${managed})`)
    const tree = Array.from({ length: 60 }, (_, index) => `${index + 1},good,${index === 4 ? 999 : index < 30 ? index + 31 : ''}`)
    const fields = [...idAndWord, field('parent', 'integer', { nullable: true })]
    const { run, quarantined } = await deliver({ table, fields, lines: tree, batchSize: 10, destination })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { loaded: 59, quarantined: 1 } })
    expect(quarantined).toMatchObject([{ raw: '5,good,999', codes: ['destination.foreignKey'] }])
    expect(await ids(table)).toEqual(without(60, 5))
  })

  it('keeps the row of a refused record in a Snapshot', async () => {
    const table = await created(children)
    const snapshot = { table, fields: idAndWord, destination: { mode: 'Snapshot' as const } }
    await deliver({ ...snapshot, lines: lines(5, {}) })
    const { run } = await deliver({ ...snapshot, lines: lines(5, { 2: '2,secret' }) })
    expect(run.counts).toMatchObject({ quarantined: 1, removed: 0 })
    expect(await ids(table)).toEqual([1, 2, 3, 4, 5])
  })

  it('needs no search for a record that a later one supersedes; where there is a search, its entry is closed', async () => {
    const table = await created(children)
    const late = { table, fields: idAndWord, batchSize: 4, destination: { publish: 'PerRun' as const } }
    const { run } = await deliver({ ...late, lines: [...lines(9, { 2: '2,secret' }), '2,good2'] })
    expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 10, loaded: 9, superseded: 1, quarantined: 0 } })
    const searched = await deliver({ ...late, lines: [...lines(9, { 2: '2,hidden', 5: '5,secret' }), '2,good3'] })
    expect(searched.run).toMatchObject({ state: 'Succeeded', counts: { read: 10, loaded: 1, unchanged: 7, quarantined: 2 } })
    const { rows } = await client.query('SELECT encode(raw, $2) AS raw, state FROM headgate.quarantine WHERE pipeline = $1 ORDER BY pos', [table, 'escape'])
    expect(rows).toEqual([
      { raw: '2,hidden', state: 'superseded' },
      { raw: '5,secret', state: 'open' },
    ])
    expect((await client.query(`SELECT word FROM ${table} WHERE id IN (2, 5) ORDER BY id`)).rows).toEqual([{ word: 'good3' }, { word: 'good5' }])
    expect(await faultsInBooks(client)).toEqual([])
  })

  it('resumes after an interruption, and counts no record twice', async () => {
    const table = await created(children)
    let folder = ''
    let readings = 0
    const interrupted = (place: string) => {
      folder = place
      // Read once to load, then once for each batch with a refused record.
      changes.beforeReading = async () => {
        if (++readings === 3) throw new HeadgateError('SourceUnavailable', 'gone for a moment', { retryable: true })
      }
    }
    const bad = [2, 17, 30]
    const delivery = { table, fields: idAndWord, lines: lines(30, Object.fromEntries(bad.map((id) => [id, `${id},secret`]))), batchSize: 10 }
    const { run, quarantined } = await deliver({ ...delivery, destination: { publish: 'PerRun' }, written: interrupted })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'SourceUnavailable' }, counts: { loaded: 29, quarantined: 1 } })
    expect(quarantined).toMatchObject([{ raw: '2,secret' }])
    expect(await ids(table)).toEqual([])
    await startRun(client, run.id)
    const resumed = { ...run, state: 'Running' as const, failure: undefined }
    const ended = await runWorker({ run: resumed, folder, databaseUrl: store.url, coordination: new LocalCoordination(), signal: new AbortController().signal })
    expect(ended).toMatchObject({ state: 'Succeeded', counts: { read: 30, loaded: 27, quarantined: 3 } })
    expect(await ids(table)).toEqual(without(30, ...bad))
    expect(await faultsInBooks(client)).toEqual([])
  })

  it.each([
    { refused: 1, maxRefusedRatio: '0', state: 'Failed' },
    { refused: 100, maxRefusedRatio: '0.05', state: 'Succeeded' },
    { refused: 101, maxRefusedRatio: '0.05', state: 'Failed' },
  ])('ends after $refused of 300 records with $maxRefusedRatio: $state', async ({ refused, maxRefusedRatio, state }) => {
    const table = await created(`${parents}; INSERT INTO $_parent SELECT 'good' || n FROM generate_series(41, 300) n; ${children.split('; ').at(-1)}`)
    const bad = Object.fromEntries(Array.from({ length: refused }, (_, index) => [2 * index + 1, `${2 * index + 1},secret`]))
    const { run } = await deliver({ table, fields: idAndWord, lines: lines(300, bad), batchSize: 50, destination: { publish: 'PerRun', maxRefusedRatio } })
    expect(run.state).toBe(state)
    expect((await ids(table)).length).toBe(state === 'Failed' ? 0 : 300 - refused)
    if (state === 'Failed') expect(run.failure).toMatchObject({ code: 'DestinationRefused', retryable: false, message: expect.stringContaining('_word_fkey') })
    expect(await faultsInBooks(client)).toEqual([])
  })

  it('fails a run whose deletions are refused, with the reason, and publishes nothing', async () => {
    const table = await created(
      `CREATE TABLE $ (id int PRIMARY KEY, word text, ${managed}); CREATE TABLE $_child (parent int REFERENCES $);
      INSERT INTO $ VALUES (99, 'old', 0, 0); INSERT INTO $_child VALUES (99)`,
    )
    const { run, quarantined } = await deliver({ table, fields: idAndWord, lines: lines(30, {}), destination: { mode: 'Replace' } })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'DestinationRefused', message: expect.stringContaining('_parent_fkey') } })
    expect(quarantined).toEqual([])
    expect(await ids(table)).toEqual([99])
  })
})
