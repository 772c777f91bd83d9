// StoreSession with a real server: callers share one connection, a lost connection is replaced, and none is opened after close.
import { expect, test } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { StoreSession } from './session.ts'

const { url, client } = await freshDatabase()

async function connections(name: string): Promise<number[]> {
  const { rows } = await client.query('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [name])
  return rows.map(({ pid }) => pid as number)
}

test('Concurrent queries share one connection', async () => {
  const session = new StoreSession(url, 'shared')
  await Promise.all([session.query('SELECT 1'), session.query('SELECT 1'), session.query('SELECT 1')])
  expect(await connections('shared')).toHaveLength(1)
  await session.close()
})

test('Concurrent queries that fail because the connection was lost are followed by a single new connection', async () => {
  const session = new StoreSession(url, 'lost')
  await session.query('SELECT 1')
  const [lost] = await connections('lost')
  await client.query('SELECT pg_terminate_backend($1, 5000)', [lost])
  await Promise.allSettled([session.query('SELECT 1'), session.query('SELECT 1')])
  await Promise.all([session.query('SELECT 1'), session.query('SELECT 1')])
  expect(await connections('lost')).toHaveLength(1)
  await session.close()
})

test('A closed session opens no new connection', async () => {
  const session = new StoreSession(url, 'closed')
  const pending = session.query('SELECT 1')
  await session.close()
  await pending.catch(() => {})
  await expect(session.query('SELECT 1')).rejects.toThrow('closed')
  await expect.poll(() => connections('closed')).toEqual([])
})
