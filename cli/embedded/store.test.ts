import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { embeddedStore } from './store.ts'

test('The local store has a database headgate, created once, on a server that survives a crash', async () => {
  const home = await mkdtemp(join(tmpdir(), 'headgate-home-'))
  const stores = [await embeddedStore(home), await embeddedStore(home)]
  try {
    const client = new pg.Client({ connectionString: stores[1]?.url })
    await client.connect()
    const { rows } = await client.query("SELECT current_database() AS name, current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages")
    await client.end()
    expect(rows).toEqual([{ name: 'headgate', fsync: 'on', pages: 'on' }])
  } finally {
    for (const store of stores) await store.close()
    for (const folder of [stores[0]?.server.directory ?? home, home]) await rm(folder, { recursive: true, force: true })
  }
})
