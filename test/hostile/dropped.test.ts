// Tables that take rows without an error and do not keep them, or keep others than were sent.
import { describe, expect, it } from 'vitest'
import { field } from '../support/loading.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'
import { deliveries } from './destination.ts'

const store = await freshStore()
const { client } = store
const deliver = deliveries(store)
await client.query(`CREATE SCHEMA hostile;
  CREATE FUNCTION hostile.drop_odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id % 2 = 1 THEN RETURN NULL; END IF; RETURN new; END';
  CREATE FUNCTION hostile.keep_all() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE FUNCTION hostile.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.word = lower(new.word); new.touched = clock_timestamp(); RETURN new; END'`)

const fields = [field('id', 'integer'), field('word', 'text')]
const lines = ['1,one', '2,two', '3,three']
let tables = 0

async function created(more = ''): Promise<string> {
  const table = `hostile.t${++tables}`
  await client.query(
    `CREATE TABLE ${table} (id int PRIMARY KEY, word text, touched timestamptz, _run bigint NOT NULL, _pos bigint NOT NULL); ${more.replaceAll('$', table)}`,
  )
  return table
}

async function rows(table: string): Promise<unknown[]> {
  return (await client.query(`SELECT id, word FROM ${table} ORDER BY id`)).rows
}

const old = { id: 8, word: 'old' }
const filled = `INSERT INTO $ VALUES (8, 'old', now(), 0, 0);`

describe('a trigger that drops rows', () => {
  it.each([
    { what: 'COPY into an empty table', destination: {} },
    { what: 'a merge', destination: {}, before: filled },
    { what: 'Append', destination: { mode: 'Append' as const } },
    { what: 'Append, published as one', destination: { mode: 'Append' as const, publish: 'PerRun' as const }, before: filled },
    { what: 'Upsert, published as one', destination: { publish: 'PerRun' as const }, before: filled },
    { what: 'Snapshot', destination: { mode: 'Snapshot' as const }, before: filled },
    { what: 'Replace in place', destination: { mode: 'Replace' as const }, before: filled },
  ])('fails the run by $what, and is named', async ({ destination, before = '' }) => {
    const table = await created(`${before} CREATE TRIGGER only_even BEFORE INSERT ON $ FOR EACH ROW EXECUTE FUNCTION hostile.drop_odd()`)
    const { run } = await deliver({ table, fields, lines, destination })
    expect(run).toMatchObject({
      state: 'Failed',
      failure: { code: 'DestinationRefused', retryable: false, message: expect.stringMatching(/took 1 of 3 rows.* trigger only_even .*hostile\.drop_odd/) },
    })
    expect(await rows(table)).toEqual(before === '' ? [] : [old])
    expect(await faultsInBooks(client)).toEqual([])
  })

  it.each([{ publish: 'PerBatch' as const }, { publish: 'PerRun' as const }])(
    'fails the run on UPDATE instead of waiting for others, $publish',
    async (destination) => {
      const table = await created()
      await deliver({ table, fields, lines })
      await client.query(`CREATE TRIGGER only_even BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION hostile.drop_odd()`)
      const { run } = await deliver({ table, fields, lines: ['1,other', '2,other', '3,three'], destination })
      expect(run).toMatchObject({
        state: 'Failed',
        failure: { code: 'DestinationRefused', retryable: false, message: expect.stringMatching(/took 1 of 2 rows on UPDATE.*only_even/) },
      })
      expect(await rows(table)).toEqual([1, 2, 3].map((id, index) => ({ id, word: ['one', 'two', 'three'][index] })))
    },
  )

  it('is found on a partition as well', async () => {
    const table = `hostile.t${++tables}`
    await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, word text, _run bigint NOT NULL, _pos bigint NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE ${table}_low PARTITION OF ${table} FOR VALUES FROM (0) TO (100);
      CREATE TRIGGER only_even BEFORE INSERT ON ${table}_low FOR EACH ROW EXECUTE FUNCTION hostile.drop_odd()`)
    const { run } = await deliver({ table, fields, lines })
    expect(run.failure?.message).toMatch(/trigger only_even on hostile\.t\d+_low/)
  })

  it('on DELETE fails a Replace that would leave old rows behind', async () => {
    const table = await created(
      `${filled} CREATE TRIGGER keeps BEFORE DELETE ON $ FOR EACH ROW EXECUTE FUNCTION hostile.keep_all(); CREATE TABLE $_child (parent int REFERENCES $)`,
    )
    const { run } = await deliver({ table, fields, lines, destination: { mode: 'Replace' } })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'DestinationRefused', message: expect.stringContaining('holds 4 rows') } })
    expect(await rows(table)).toEqual([old])
  })
})

it('A trigger that changes rows is accepted', async () => {
  const table = await created('CREATE TRIGGER touches BEFORE INSERT OR UPDATE ON $ FOR EACH ROW EXECUTE FUNCTION hostile.touch()')
  for (const _ of [1, 2]) {
    const { run } = await deliver({ table, fields, lines: ['1,One', '2,two'] })
    expect(run.state).toBe('Succeeded')
    expect(await rows(table)).toEqual([
      { id: 1, word: 'one' },
      { id: 2, word: 'two' },
    ])
  }
})

it.each(['DO ALSO INSERT INTO hostile.log VALUES (new.id)', 'DO INSTEAD NOTHING'])(
  'A table with a rule %s is refused before anything is loaded',
  async (action) => {
    await client.query('CREATE TABLE IF NOT EXISTS hostile.log (id int)')
    for (const mode of ['Upsert', 'Append', 'Replace', 'Snapshot'] as const) {
      const table = await created(`CREATE RULE diverts AS ON INSERT TO $ ${action}`)
      const { run } = await deliver({ table, fields, lines, destination: { mode } })
      expect(run).toMatchObject({ state: 'Failed', failure: { code: 'DestinationMismatch', message: expect.stringContaining('diverts') }, counts: { read: 0 } })
    }
  },
)

describe('row-level security', async () => {
  const role = `loader_${process.pid}`
  const url = new URL(store.url)
  url.username = role
  url.password = 'x'

  async function restricted(policy: string): Promise<string> {
    const table = await created(`${filled} ALTER TABLE $ ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON $ ${policy}`)
    await client.query(`GRANT USAGE, CREATE ON SCHEMA hostile, headgate TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA hostile, headgate TO ${role};
      GRANT ALL ON ALL SEQUENCES IN SCHEMA headgate TO ${role}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA headgate TO ${role};
      INSERT INTO headgate.tenant VALUES ('${role}', '*') ON CONFLICT DO NOTHING`)
    return table
  }

  it.each([{ mode: 'Upsert' as const }, { mode: 'Append' as const }])('is respected, and refused records are quarantined, $mode', async (destination) => {
    await client.query(`DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
    try {
      const table = await restricted(`USING (true) WITH CHECK (id <> 2)`)
      const { run, quarantined } = await deliver({ table, fields, lines, destination, databaseUrl: url.href })
      expect(run).toMatchObject({ state: 'Succeeded', failure: undefined, counts: { loaded: 2, quarantined: 1 } })
      expect(quarantined).toMatchObject([{ raw: '2,two', codes: ['destination.policy'] }])
      expect((await rows(table)).length).toBe(3)
    } finally {
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it('refuses the record whose row it hides, instead of waiting for other workers', async () => {
    await client.query(`DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
    try {
      const table = await restricted(`USING (id <> 8) WITH CHECK (true)`)
      const { run, quarantined } = await deliver({ table, fields, lines: [...lines, '8,hidden'], databaseUrl: url.href })
      expect(run).toMatchObject({ state: 'Succeeded', counts: { loaded: 3, quarantined: 1 } })
      expect(quarantined).toMatchObject([{ raw: '8,hidden', codes: ['destination.unique'] }])
    } finally {
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })
})
