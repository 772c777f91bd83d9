// Older runs of the same destination that are dead without having said so. Called when a run is planned and before it is published.
import { endSessions } from '../../store/sessions.ts'
import { giveUpSilentRuns, hasSilentOlderRuns, lapsedWorkers } from '../../store/silent-runs.ts'
import { retrying } from './retry.ts'
import type { Work } from './work.ts'

/** Ends runs that have been silent for long, so that this one need not reckon with what they might still write. */
export async function giveUpPredecessors(work: Work): Promise<void> {
  if (!(await retrying(work.retries, () => hasSilentOlderRuns(work.session, work.run)))) return
  await endLapsedSessions(work)
  const names = await retrying(work.retries, () => work.session.transaction((transaction) => giveUpSilentRuns(transaction, work.run)))
  for (const name of names) work.context.warn('RunGivenUp', `run ${name} of the same table was given up: its workers have been silent for long`)
}

/** Ends what lapsed workers of other runs still hold of the destination; a role that may not do this waits for the server to notice. */
export async function endLapsedSessions({ session, run }: Work): Promise<void> {
  const workers = await lapsedWorkers(session, run).catch(() => [])
  if (workers.length > 0) await endSessions(session, workers).catch(() => {})
}
