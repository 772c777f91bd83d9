// The chart's PostgreSQL as its Secrets and its Job set it up, on a real server: whom it lets in, and what they may do.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import { startPostgres } from '../../cli/embedded/index.ts'
import { createRun, listRuns } from '../../store/runs.ts'
import { specFor } from '../support/store.ts'
import { helmTest, ofKind, type Rendered, render } from './render.ts'

const project = join(import.meta.dirname, '..', '..')
const inCluster = 'headgate-postgresql'

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Runs the script of the Job's container with `headgate` of this checkout. */
function runJob(job: Rendered, values: { [key: string]: string }, port: string, folder: string): ReturnType<typeof spawnSync> {
  const [container] = job.spec.template.spec.containers
  const [shell, options, script] = container.command
  const given = container.env.map(({ name, valueFrom }: Rendered) => [name, values[valueFrom.secretKeyRef.key]])
  const env = { ...process.env, ...Object.fromEntries(given), PATH: `${folder}:${process.env.PATH}` }
  return spawnSync(shell, [options, script.replace(`connect(5432, "${inCluster}")`, `connect(${port}, "127.0.0.1")`)], { env, encoding: 'utf8' })
}

helmTest('Each namespace’s role gets in, sees its own runs, and makes its own tables; no superuser gets in', async () => {
  const objects = render({ workerNamespaces: ['sales', 'sales-eu'] })
  const folder = mkdtempSync(join(tmpdir(), 'headgate-chart-'))
  symlinkSync(join(project, 'bin', 'headgate.mjs'), join(folder, 'headgate'))
  const server = await startPostgres({ dataDirectory: join(folder, 'data'), settings: { fsync: 'off' } })
  try {
    const superuser = new URL(server.url)
    const here = (text: string) => text.replaceAll(`${inCluster}.etl.svc:5432`, superuser.host)
    const secrets = Object.fromEntries(
      ofKind('Secret', objects).map(({ metadata, stringData }) => [
        `${metadata.namespace}/${metadata.name}`,
        Object.fromEntries(Object.entries(stringData as object).map(([key, value]) => [key, here(value)])),
      ]),
    )
    const owner = secrets['etl/headgate-store-owner'] as { [key: string]: string }
    // As the image does: the database first, then what is in docker-entrypoint-initdb.d.
    await withClient(superuser.href, (client) => client.query('CREATE DATABASE headgate'))
    superuser.pathname = '/headgate'
    await withClient(superuser.href, (client) => client.query(owner['init.sql'] as string))
    await expect(withClient(superuser.href, async () => {})).rejects.toMatchObject({ code: '28P01' })

    const job = ofKind('Job', objects)[0] as Rendered
    for (let times = 0; times < 2; times++) expect(runJob(job, owner, superuser.port, folder)).toMatchObject({ status: 0, stderr: '' })

    for (const namespace of ['etl', 'sales', 'sales-eu']) {
      await withClient(secrets[`${namespace}/headgate-store`]?.url as string, async (client) => {
        const { rows } = await client.query(
          'SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user',
        )
        expect(new Set(Object.values(rows[0]))).toEqual(new Set([false]))
        await client.query(`CREATE SCHEMA "${namespace}"; CREATE TABLE "${namespace}".t ()`)
        await createRun(client, { name: `${namespace}/r`, pipeline: `${namespace}/p`, spec: specFor('x.y'), workers: 1, batchSize: 1 })
        expect((await listRuns(client, { limit: 9 })).map(({ name }) => name)).toEqual([`${namespace}/r`])
      })
    }
    await withClient(owner.url as string, async (client) => expect(await listRuns(client, { limit: 9 })).toHaveLength(3))
    await withClient(secrets['sales/headgate-store']?.url as string, (client) =>
      expect(client.query('SELECT FROM "sales-eu".t')).rejects.toMatchObject({ code: '42501' }),
    )
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
