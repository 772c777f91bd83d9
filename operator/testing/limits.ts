// Limits without any restriction, as a base for tests.
import type { Limits } from '../limits.ts'

export const noLimits: Limits = {
  timeoutMs: undefined,
  startDeadlineMs: undefined,
  workers: undefined,
  cpu: undefined,
  memory: undefined,
  defaultMemory: undefined,
  tmpSize: undefined,
  pluginFolder: undefined,
  images: [],
  runsPerNamespace: undefined,
}
