// otherHolders: finds the other workers that hold slices of a run, and those of them that are dead. Called by the worker's loop.
import { leases } from '../../store/slices.ts'
import type { Work } from './work.ts'

/** Names of workers. `lapsed` is the subset of `held` whose heartbeats or leases have expired. */
export async function otherHolders({ session, run, worker, coordination }: Work): Promise<{ held: string[]; lapsed: string[] }> {
  const held = (await leases(session, run.id)).filter((lease) => lease.worker !== worker)
  return { held: held.map((lease) => lease.worker), lapsed: held.length === 0 ? [] : await coordination.lapsed(held) }
}
