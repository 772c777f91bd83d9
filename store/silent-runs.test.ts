import { expect, it } from 'vitest'
import { claimed, freshStore, plannedRun } from '../test/support/store.ts'
import { findRunById, isUnfinished } from './runs.ts'
import { failSilentRuns, hasSilentOlderRuns, lapsedWorkers } from './silent-runs.ts'
import { renewLeases } from './slices.ts'

const { client } = await freshStore()
const silentFor = '50 milliseconds'

async function silence(): Promise<void> {
  await client.query(
    `UPDATE headgate.worker SET alive_until = clock_timestamp() - interval '1 second'; UPDATE headgate.run SET created_at = created_at - interval '1 second'`,
  )
}

it('fails an older run of the table whose workers are silent, so that it commits nothing later', async () => {
  const older = await plannedRun(client, { table: 'silent.feed' })
  const slice = await claimed(client, older.id, 'frozen')
  const other = await plannedRun(client, { table: 'silent.other' })
  const newer = await plannedRun(client, { table: 'silent.feed' })
  expect(await failSilentRuns(client, newer, silentFor)).toEqual([])
  expect(await lapsedWorkers(client, newer)).toEqual([])
  await silence()
  expect(await hasSilentOlderRuns(client, newer, silentFor)).toBe(true)
  expect(await failSilentRuns(client, newer, silentFor)).toEqual([older.name])
  expect(await findRunById(client, older.id)).toMatchObject({ state: 'Failed', failure: { code: 'Overtaken', retryable: false } })
  expect(await isUnfinished(client, older.id)).toBe(false)
  expect(await renewLeases(client, older.id, 'frozen')).toBe('Failed')
  expect(slice.run).toBe(older.id)
  expect((await findRunById(client, other.id)).state).toBe('Running')
  expect(await hasSilentOlderRuns(client, newer, silentFor)).toBe(false)
})

it('does not fail a run that is newer, alive or too young', async () => {
  const older = await plannedRun(client, { table: 'alive.feed' })
  const newer = await plannedRun(client, { table: 'alive.feed' })
  expect(await failSilentRuns(client, older, silentFor)).toEqual([])
  expect(await failSilentRuns(client, newer)).toEqual([])
  expect((await findRunById(client, older.id)).state).toBe('Running')
})
