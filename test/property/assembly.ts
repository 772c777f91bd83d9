// Gets between a pipeline and its parts: slices of any size, and slices that wait. `deliver` hands it to its workers.
import { type Assembly, assemble } from '../../runner/engine/assembly.ts'
import { SourceExtractor } from '../../runner/sources/extractor.ts'
import type { Slice } from '../../sdk/index.ts'

/** What the next runs are to do otherwise. */
export const changes: {
  /** Size of the slices. */
  sliceBytes?: number | undefined
  /** Awaited before a slice is read; `starts` is where in its input it begins. */
  beforeReading?: ((slice: Slice) => Promise<void>) | undefined
} = {}

export const assembleChanged: typeof assemble = async (spec, options) => changed(await assemble(spec, options))

function changed(assembly: Assembly): Assembly {
  const { extractor } = assembly
  if (!(extractor instanceof SourceExtractor)) return assembly
  if (changes.sliceBytes !== undefined) extractor.config.sliceBytes = changes.sliceBytes
  const read = extractor.read.bind(extractor)
  extractor.read = async function* (slice, from, run) {
    await changes.beforeReading?.(slice)
    yield* read(slice, from, run)
  }
  return assembly
}
