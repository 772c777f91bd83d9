// A database of its own for each test file, on the real PostgreSQL that the test run started.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server's maintenance database. */
    postgresUrl: string
  }
}

export type TestDatabase = { url: string; client: pg.Client }

/** Creates an empty database and a connection to it; both are gone when the test file is done. Call at the file's top level. */
export async function freshDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const server = new URL(inject('postgresUrl'))
  await onServer(server.href, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  afterAll(async () => {
    await client.end()
    await onServer(server.href, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
  return { url: url.href, client }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
