// Handles older runs of the same destination whose workers have died. Called when a run is planned and before it is published.
import { terminateConnections } from '../../store/sessions.ts'
import { failSilentRuns, hasSilentOlderRuns, lapsedWorkers } from '../../store/silent-runs.ts'
import { retrying } from '../retry.ts'
import type { Work } from './work.ts'

/** Fails older runs whose workers have been silent for a long time, so that this run need not consider them open (see `checkOrder`). */
export async function failSilentPredecessors(work: Work): Promise<void> {
  if (!(await retrying(work.retries, () => hasSilentOlderRuns(work.session, work.run)))) return
  await endLapsedSessions(work)
  const names = await retrying(work.retries, () => work.session.transaction((transaction) => failSilentRuns(transaction, work.run)))
  for (const name of names) work.context.warn('RunGivenUp', `run ${name} of the same table was failed: its workers have renewed no lease for a long time`)
}

/** Terminates connections of dead workers of other runs, which may hold locks on the destination. Best effort: needs the right to do so. */
export async function endLapsedSessions({ session, run }: Work): Promise<void> {
  const workers = await lapsedWorkers(session, run).catch(() => [])
  if (workers.length > 0) await terminateConnections(session, workers).catch(() => {})
}
