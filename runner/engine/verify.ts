// verifySources: checks, before the run is published, that every input is still the one that was planned. Called by the worker's loop.
import { plannedSlices } from '../../store/slices.ts'
import { retrying } from '../retry.ts'
import type { Work } from './work.ts'

/** Throws SourceChanged. Verifies each input once, however many slices it was split into. */
export async function verifySources(work: Work): Promise<void> {
  const slices = await retrying(work.retries, () => plannedSlices(work.session, work.run.id))
  const inputs = new Map(slices.map((slice) => [slice.input, slice]))
  for (const slice of inputs.values()) {
    await retrying(work.retries, () => work.assembly.extractor.verify(slice, work.context))
  }
}
