// StoreSession against a real server: one connection whoever asks, a new one after it was lost, none after close.
import { expect, test } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { StoreSession } from './session.ts'

const { url, client } = await freshDatabase()

async function connections(name: string): Promise<number[]> {
  const { rows } = await client.query('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [name])
  return rows.map(({ pid }) => pid as number)
}

test('Queries that come at once share one connection', async () => {
  const session = new StoreSession(url, 'shared')
  await Promise.all([session.query('SELECT 1'), session.query('SELECT 1'), session.query('SELECT 1')])
  expect(await connections('shared')).toHaveLength(1)
  await session.close()
})

test('Queries that fail at once because the connection was lost leave one new connection behind', async () => {
  const session = new StoreSession(url, 'lost')
  await session.query('SELECT 1')
  const [lost] = await connections('lost')
  await client.query('SELECT pg_terminate_backend($1, 5000)', [lost])
  await Promise.allSettled([session.query('SELECT 1'), session.query('SELECT 1')])
  await Promise.all([session.query('SELECT 1'), session.query('SELECT 1')])
  expect(await connections('lost')).toHaveLength(1)
  await session.close()
})

test('A closed session makes no new connection', async () => {
  const session = new StoreSession(url, 'closed')
  const asked = session.query('SELECT 1')
  await session.close()
  await asked.catch(() => {})
  await expect(session.query('SELECT 1')).rejects.toThrow('closed')
  await expect.poll(() => connections('closed')).toEqual([])
})
