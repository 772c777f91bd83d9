// openRun: waits for the store, brings it up to date, and finds or creates the run's row. The first thing a worker on a cluster does.
import type { RunSnapshot } from '../../crds/wire/snapshot.ts'
import { classifyError, openConnection } from '../../store/connection.ts'
import { migrate } from '../../store/migrate.ts'
import { findOrCreateRun, findRunById, type Run, startRun } from '../../store/runs.ts'
import type { StoreSession } from '../../store/session.ts'
import { type Retries, retrying } from '../engine/retry.ts'
import { declaredRun } from './snapshot.ts'

/**
 * Answers the run, Running unless it has ended for good. One that failed in passing goes on: this worker is another try.
 * Throws RunExists, Overtaken, StoreNotMigrated, StoreDenied; and StoreUnavailable when all retries are used up.
 */
export async function openRun(snapshot: RunSnapshot, session: StoreSession, storeUrl: string, retries: Retries): Promise<Run> {
  await retrying(retries, () => migrateStore(storeUrl))
  return retrying(retries, async () => {
    const run = await findOrCreateRun(session, declaredRun(snapshot))
    const mayRun = run.state === 'Running' || (run.state === 'Failed' && run.failure?.retryable === true)
    if (!mayRun) return run
    // Whoever was faster may have ended it in between.
    await session
      .transaction((transaction) => startRun(transaction, run.id))
      .catch((error: { code?: string }) => {
        if (error.code !== 'RunEnded') throw error
      })
    return findRunById(session, run.id)
  })
}

async function migrateStore(url: string): Promise<void> {
  const client = await openConnection(url, { applicationName: 'headgate migrate' })
  try {
    await migrate(client)
  } catch (error) {
    throw classifyError(error)
  } finally {
    await client.end().catch(() => {})
  }
}
