// The controller of runs: reads the caches, lets a pure function decide, and acts on one difference. Made in main.ts.
import type { RunController, RunParts } from './parts.ts'

/** Start its workers only when all caches are filled: what is not in them counts as not there. */
export function createRunController(_parts: RunParts): RunController {
  throw new Error('to be written')
}
