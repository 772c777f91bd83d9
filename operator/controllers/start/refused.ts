// What becomes of a run whose snapshot or Job the API server does not take: said at once, tried again where that may help, not for ever.
import { defaults } from '../../../crds/defaults.ts'
import { durationMilliseconds } from '../../../crds/durations.ts'
import type { KeptRun } from '../../kept.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import { isNamespaceGone } from '../../kubernetes/namespace.ts'
import { namespaceGone } from '../observe/namespace.ts'
import { type Again, finish, goOn, memoryOf, type RunContext, tell } from '../run-context.ts'
import type { Said } from '../run-status.ts'
import { NameTaken } from './create.ts'

const retryMs = 5000
const deadlineMs = durationMilliseconds(defaults.startDeadline)

/** Throws the error again if it says nothing about the run: the queue tries later. */
export async function refused(context: RunContext, run: KeptRun, error: unknown): Promise<Again> {
  if (isNamespaceGone(error)) return await finish(context, run, { phase: 'Cancelled', said: namespaceGone(run) })
  const refusal = refusalOf(error)
  if (refusal === undefined) throw error
  const now = context.clock.now()
  const memory = memoryOf(context, run)
  memory.refusedSince ??= now
  if (refusal.final || now - memory.refusedSince >= deadlineMs) return await finish(context, run, { phase: 'Failed', said: refusal.said })
  if (await goOn(context, run, 'Pending', refusal.said)) tell(context, run, refusal.said, 'Start', 'Warning')
  return { again: retryMs }
}

/** `final`: trying again cannot help. */
export function refusalOf(error: unknown): { said: Said; final: boolean } | undefined {
  if (error instanceof NameTaken) return { said: { reason: 'NameTaken', message: error.message }, final: !error.passing }
  if (!(error instanceof ApiError)) return undefined
  if (error.status === 422 || error.status === 400 || error.status === 413)
    return { said: { reason: 'PipelineInvalid', message: `the API server does not take what the Pipeline asks for: ${error.message}` }, final: true }
  if (error.status !== 403) return undefined
  const message = `the API server refuses to create the run’s objects: ${error.message}; it is tried again, ask who set the quota, policy or role`
  return { said: { reason: 'Forbidden', message }, final: false }
}
