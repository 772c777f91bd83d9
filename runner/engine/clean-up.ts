// cleanUp: removes what a run that failed or was cancelled has staged. Called by the worker after the end of the run is recorded.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { findLoadPlan } from '../../store/load-plan.ts'
import { recordEvent } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { sessionName } from '../../store/sessions.ts'
import { isPlanned } from '../../store/slices.ts'
import { toldMessage } from './told-message.ts'
import type { Work } from './work.ts'

/** A loader of a plugin may wait for anything; the worker must end all the same. */
const patienceMilliseconds = 15_000

/** Best effort and bounded in time; throws nothing. What stays is reported as an event, and removed when the next run is planned. */
export async function cleanUp(work: Work, databaseUrl: string): Promise<void> {
  const patience = new AbortController()
  // A connection of its own: a loader that never returns keeps it.
  const session = new StoreSession(databaseUrl, sessionName(work.worker, work.run.name))
  try {
    await Promise.race([discard(work, session), outOfPatience(patience.signal)])
  } catch (error) {
    const message = `what run ${work.run.name} has staged could not be removed: ${toldMessage(work.run.spec, error)}; the next run tries it again`
    work.onEvent?.('CleanUpFailed', message)
    await Promise.race([recordEvent(work.aside, work.run.id, 'CleanUpFailed', message).catch(() => {}), sleep(patienceMilliseconds, undefined, { ref: false })])
  } finally {
    patience.abort()
    session.close().catch(() => {})
  }
}

async function discard(work: Work, session: StoreSession): Promise<void> {
  await session.transaction(async (transaction) => {
    await transaction.query("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10s'")
    // What was not planned has staged nothing.
    if (!(await isPlanned(transaction, work.run.id))) return
    const plan = await findLoadPlan(transaction, work.run.id)
    await work.assembly.loader.discard(work.context, transaction, plan)
  })
}

async function outOfPatience(signal: AbortSignal): Promise<never> {
  await sleep(patienceMilliseconds, undefined, { signal })
  throw new HeadgateError('CleanUpFailed', `it took longer than ${patienceMilliseconds / 1000} s`)
}
