// cleanUp: removes the staged rows of a run that failed or was cancelled. Called by the worker after the end of the run is recorded.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { findLoadPlan } from '../../store/load-plan.ts'
import { recordEvent } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { sessionName } from '../../store/sessions.ts'
import { isPlanned } from '../../store/slices.ts'
import { reportedMessage } from '../reports/reported-message.ts'
import type { Work } from './work.ts'

/** A plugin's loader may block; the worker must end anyway. */
const timeoutMilliseconds = 15_000

/** Best effort, bounded in time; never throws. A failure is reported as an event; the next run that is planned removes the rows. */
export async function cleanUp(work: Work, databaseUrl: string): Promise<void> {
  const timeout = new AbortController()
  // A separate connection, because a loader that never returns blocks it.
  const session = new StoreSession(databaseUrl, sessionName(work.worker, work.run.name))
  try {
    await Promise.race([discard(work, session), rejectAfterTimeout(timeout.signal)])
  } catch (error) {
    const message = `the staged rows of run ${work.run.name} could not be removed: ${reportedMessage(work.run.spec, error)}; the next run retries this`
    work.onEvent?.('CleanUpFailed', message)
    await Promise.race([
      recordEvent(work.sideSession, work.run.id, 'CleanUpFailed', message).catch(() => {}),
      sleep(timeoutMilliseconds, undefined, { ref: false }),
    ])
  } finally {
    timeout.abort()
    session.close().catch(() => {})
  }
}

async function discard(work: Work, session: StoreSession): Promise<void> {
  await session.transaction(async (transaction) => {
    await transaction.query("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10s'")
    // A run that was never planned has staged nothing.
    if (!(await isPlanned(transaction, work.run.id))) return
    const plan = await findLoadPlan(transaction, work.run.id)
    await work.assembly.loader.discard(work.context, transaction, plan)
  })
}

async function rejectAfterTimeout(signal: AbortSignal): Promise<never> {
  await sleep(timeoutMilliseconds, undefined, { signal })
  throw new HeadgateError('CleanUpFailed', `the removal took longer than ${timeoutMilliseconds / 1000} s`)
}
