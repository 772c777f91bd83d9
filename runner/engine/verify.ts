// verifySources: makes sure, before anything is published, that every input is still the one that was planned.
import { plannedSlices } from '../../store/slices.ts'
import { retrying } from './retry.ts'
import type { Work } from './work.ts'

/** Throws SourceChanged. Each input is looked at once, however many slices it was cut into. */
export async function verifySources(work: Work): Promise<void> {
  const slices = await retrying(work.retries, () => plannedSlices(work.session, work.run.id))
  const inputs = new Map(slices.map((slice) => [slice.input, slice]))
  for (const slice of inputs.values()) {
    await retrying(work.retries, () => work.assembly.extractor.verify(slice, work.context))
  }
}
