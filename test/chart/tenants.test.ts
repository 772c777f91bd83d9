// The chart's PostgreSQL as its Secrets and the operator set it up, on a real server: whom it lets in, and what they may do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import { startPostgres } from '../../cli/embedded/server.ts'
import { openStore } from '../../operator/store.ts'
import { readTenants } from '../../operator/store-upkeep.ts'
import { createRun, listRuns } from '../../store/runs.ts'
import { specFor } from '../support/store.ts'
import { helmTest, ofKind, render } from './render.ts'

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

helmTest('Each namespace’s role gets in, sees its own runs, and makes its own tables; no superuser gets in', async () => {
  const objects = render({ workerNamespaces: ['sales', 'sales-eu'] })
  const folder = mkdtempSync(join(tmpdir(), 'headgate-chart-'))
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

    const tenantsFile = join(folder, 'tenants.json')
    writeFileSync(tenantsFile, owner['tenants.json'] as string)
    const store = openStore(owner.url as string, () => {})
    const roles = ['headgate_etl', 'headgate_sales', 'headgate_sales_eu']
    expect(await store.prepare(readTenants(tenantsFile))).toMatchObject({ admitted: roles })
    expect(await store.prepare(readTenants(tenantsFile))).toEqual({ applied: [], admitted: [] })
    await store.close()

    for (const namespace of ['etl', 'sales', 'sales-eu']) {
      await withClient(secrets[`${namespace}/headgate-store`]?.url as string, async (client) => {
        const { rows } = await client.query(
          'SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user',
        )
        expect(new Set(Object.values(rows[0]))).toEqual(new Set([false]))
        await client.query(`CREATE SCHEMA "${namespace}"; CREATE TABLE "${namespace}".t ()`)
        await createRun(client, { name: `${namespace}/r`, pipeline: `${namespace}/p`, spec: specFor('x.y'), workers: 1, batchSize: 1 })
        expect((await listRuns(client, { limit: 9 })).items.map(({ name }) => name)).toEqual([`${namespace}/r`])
      })
    }
    await withClient(owner.url as string, async (client) => expect((await listRuns(client, { limit: 9 })).items).toHaveLength(3))
    await withClient(secrets['sales/headgate-store']?.url as string, (client) =>
      expect(client.query('SELECT FROM "sales-eu".t')).rejects.toMatchObject({ code: '42501' }),
    )
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
