// Which other workers hold slices of a run, and which of them are gone. Called by the worker's loop.
import { leases } from '../../store/slices.ts'
import type { Work } from './work.ts'

/** Names of workers; `lapsed` are those of `held` that gave no sign of life for too long. */
export async function otherHolders({ session, run, worker, coordination }: Work): Promise<{ held: string[]; lapsed: string[] }> {
  const held = (await leases(session, run.id)).filter((lease) => lease.worker !== worker)
  return { held: held.map((lease) => lease.worker), lapsed: held.length === 0 ? [] : await coordination.lapsed(held) }
}
