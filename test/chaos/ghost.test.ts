// After kill -9 of the client the server may go on with its statement. A run that is started again beside that ghost ends right all the same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Pipeline } from '../../crds/pipeline.ts'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { RunningCommand } from './command.ts'

const { url, client } = await freshDatabase()
await migrate(client)
const folder = mkdtempSync(join(tmpdir(), 'headgate-ghost-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const records = 400
writeFileSync(join(folder, 'feed.csv'), ['id,name', ...Array.from({ length: records }, (_, id) => `${id},name ${id}`), ''].join('\n'))

/** Makes the server sleep at record 250, within its statement or within the COMMIT. */
const sleepers = {
  statement: 'CREATE TRIGGER slow AFTER INSERT ON',
  commit: 'CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON',
}

async function createTable(table: string, during: keyof typeof sleepers): Promise<void> {
  const deferred = during === 'commit' ? 'DEFERRABLE INITIALLY DEFERRED' : ''
  await client.query(`
    CREATE OR REPLACE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
    CREATE TABLE ${table} (id bigint PRIMARY KEY, name text, _run bigint, _pos bigint);
    ${sleepers[during]} ${table} ${deferred} FOR EACH ROW WHEN (NEW.id = 250) EXECUTE FUNCTION sleep()`)
}

function pipelineFile(table: string, mode: 'Append' | 'Upsert'): string {
  const pipeline: Pipeline = {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'ghost' },
    spec: {
      source: { files: { paths: ['feed.csv'] } },
      format: { csv: {} },
      schema: {
        primaryKey: ['id'],
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'name', type: 'text' },
        ],
      },
      destination: { postgres: { table, mode } },
      batchSize: 100,
      retry: { limit: 20, backoff: { initial: '50ms', max: '500ms' } },
    },
  }
  const file = join(folder, `${table}.yaml`)
  writeFileSync(file, JSON.stringify(pipeline))
  return file
}

/** Process id of the backend that sleeps. */
async function sleeping(): Promise<number | undefined> {
  const { rows } = await client.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`)
  return rows[0]?.pid as number | undefined
}

test.each([
  { mode: 'Append', during: 'statement' },
  { mode: 'Append', during: 'commit' },
  { mode: 'Upsert', during: 'statement' },
  { mode: 'Upsert', during: 'commit' },
] as const)('$mode, killed in the middle of a $during, ends right beside its ghost', async ({ mode, during }) => {
  const table = `ghost_${mode}_${during}`.toLowerCase()
  await createTable(table, during)
  const args = ['run', pipelineFile(table, mode), '--database', url, '--name', table]
  const killed = new RunningCommand(args)
  await expect.poll(sleeping, { timeout: 30_000, interval: 20 }).toBeDefined()
  killed.signalAll('SIGKILL')
  await killed.ended
  expect(await sleeping()).toBeDefined()
  const { code, output } = await new RunningCommand(args).ended
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(`${records} read · ${records} loaded`) })
  const { rows } = await client.query(`SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM ${table}`)
  expect(rows).toEqual([{ rows: records, ids: records }])
  expect(await faultsInBooks(client)).toEqual([])
})
