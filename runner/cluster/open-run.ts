// openRun: waits for the store, migrates it, and finds or creates the run's row. The first step of a worker on a cluster.
import type { RunSnapshot } from '../../crds/wire/snapshot.ts'
import { classifyError, openConnection } from '../../store/connection.ts'
import { migrate } from '../../store/migrate.ts'
import { findOrCreateRun, findRunById, type Run, startRun } from '../../store/runs.ts'
import type { StoreSession } from '../../store/session.ts'
import { type Retries, retrying } from '../retry.ts'
import { declaredRun } from './snapshot.ts'

/**
 * Returns the run, which is Running unless it has ended for good. A run that failed with a retryable failure is resumed, because the pod is
 * a retry of the Job. Throws RunExists, Overtaken, StoreNotMigrated, StoreDenied; and StoreUnavailable after the last retry.
 */
export async function openRun(snapshot: RunSnapshot, session: StoreSession, storeUrl: string, retries: Retries): Promise<Run> {
  await retrying(retries, () => migrateStore(storeUrl))
  return retrying(retries, async () => {
    const run = await findOrCreateRun(session, declaredRun(snapshot))
    const mayRun = run.state === 'Running' || (run.state === 'Failed' && run.failure?.retryable === true)
    if (!mayRun) return run
    // Another worker may have ended the run in between.
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
