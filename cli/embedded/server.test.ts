import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { isAlive } from './postmaster.ts'
import { type EmbeddedPostgres, startPostgres } from './server.ts'

const servers: EmbeddedPostgres[] = []
const folders: string[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-embedded-'))
  folders.push(folder)
  return folder
}

async function start(dataDirectory: string, settings: Record<string, string> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDirectory, settings })
  servers.push(server)
  return server
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('An empty folder becomes a server in UTF8 and locale C, and its data outlives it', async () => {
  const folder = await newFolder()
  const first = await start(folder, { work_mem: '7MB' })
  expect(await query(first.url, "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate FROM pg_database WHERE datname = 'postgres'")).toEqual([
    { encoding: 'UTF8', datcollate: 'C' },
  ])
  expect(await query(first.url, 'SHOW work_mem')).toEqual([{ work_mem: '7MB' }])
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one')
  await first.stop()
  expect(isAlive(first.processId)).toBe(false)

  const second = await start(folder)
  expect(await query(second.url, 'TABLE kept')).toEqual([{ one: 1 }])
})

test('Only 127.0.0.1 with the password can connect', async () => {
  const server = await start(await newFolder())
  expect(await query(server.url, "SELECT current_setting('listen_addresses') AS hosts, current_setting('unix_socket_directories') AS sockets")).toEqual([
    { hosts: '127.0.0.1', sockets: '' },
  ])
  const wrong = new URL(server.url)
  wrong.password = 'guess'
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
})

test('A killed server restarts on the same port with all committed data', async () => {
  const server = await start(await newFolder())
  await query(server.url, 'CREATE TABLE kept AS SELECT 1 AS one')
  const killed = server.processId
  server.kill()
  await server.restart()
  expect(server.processId).not.toBe(killed)
  expect(await query(server.url, 'TABLE kept')).toEqual([{ one: 1 }])
})

test('Several users of one folder share one server, and the last one to leave stops it', async () => {
  const folder = await newFolder()
  const users = await Promise.all([start(folder), start(folder)])
  expect(users[0].processId).toBe(users[1].processId)
  await users[0].stop()
  expect(await query(users[1].url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await users[1].stop()
  expect(isAlive(users[1].processId)).toBe(false)
})

test('The lock file of a dead server is ignored, even if its process id has been reused', async () => {
  const folder = await newFolder()
  const first = await start(folder)
  await first.stop()
  await writeFile(join(first.directory, 'data', 'postmaster.pid'), `${process.pid}\n${join(first.directory, 'data')}\n1\n1\n\n\n\nready\n`)
  const second = await start(folder)
  expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('The error of a server that cannot start quotes PostgreSQL', async () => {
  const failing = startPostgres({ dataDirectory: await newFolder(), settings: { no_such_setting: '1' } })
  await expect(failing).rejects.toMatchObject({ code: 'EmbeddedPostgresFailed', message: expect.stringContaining('unrecognized configuration parameter') })
})
