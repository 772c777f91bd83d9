// Handles an admitted run that cannot start: it waits for a while if the cause may be temporary, then fails. Called by run.ts and start.ts.
import { defaults } from '../../../../crds/defaults.ts'
import { durationMilliseconds } from '../../../../crds/durations.ts'
import { type CachedRun, createdAt } from '../../../cache/runs.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { isNamespaceGone } from '../../../kubernetes/namespace.ts'
import { pipelines } from '../../../kubernetes/resources.ts'
import { memoryOf, type Requeue, type RunContext } from '../context.ts'
import { namespaceTerminating } from '../namespace.ts'
import { type ConditionText, finish, writeOngoing } from '../status.ts'
import { NameTaken } from './objects.ts'

/** A Pipeline applied together with its run may be created after it. */
const pipelineGraceMs = 30_000
const pipelineRetryMs = 2000
const refusalRetryMs = 5000
const refusalDeadlineMs = durationMilliseconds(defaults.startDeadline)

/** For a run whose Pipeline does not exist. */
export async function awaitPipeline(context: RunContext, run: CachedRun): Promise<Requeue> {
  const { name } = run.spec.pipelineRef
  const { namespace } = run.metadata
  const left = createdAt(run) + pipelineGraceMs - context.clock.now()
  const reason = 'PipelineNotFound'
  if (left > 0) {
    const message = `there is no Pipeline ${name} in namespace ${namespace} yet; the run waits up to 30 seconds for it`
    await writeOngoing(context, run, { phase: 'Pending', condition: { reason, message } })
    return { requeueAfterMs: left }
  }
  // The cache may be behind.
  const found = await context.client.get(pipelines, name, namespace)
  if (found !== undefined && found.metadata.deletionTimestamp === undefined) return { requeueAfterMs: pipelineRetryMs }
  const message = `there is no Pipeline ${name} in namespace ${namespace}; apply it, then create another run`
  return await finish(context, run, { phase: 'Failed', condition: { reason, message } })
}

/** For a refusal of the snapshot or the Job by the API server. Rethrows errors not caused by the run, which the queue retries. */
export async function refused(context: RunContext, run: CachedRun, error: unknown): Promise<Requeue> {
  if (isNamespaceGone(error)) return await finish(context, run, { phase: 'Cancelled', condition: namespaceTerminating(run) })
  const refusal = refusalOf(error)
  if (refusal === undefined) throw error
  const { condition, final } = refusal
  const now = context.clock.now()
  const memory = memoryOf(context, run)
  memory.refusedSince ??= now
  if (final || now - memory.refusedSince >= refusalDeadlineMs) return await finish(context, run, { phase: 'Failed', condition })
  await writeOngoing(context, run, { phase: 'Pending', condition, event: { action: 'Start', type: 'Warning' } })
  return { requeueAfterMs: refusalRetryMs }
}

/** `final`: a retry cannot succeed. */
export function refusalOf(error: unknown): { condition: ConditionText; final: boolean } | undefined {
  if (error instanceof NameTaken) return { condition: { reason: 'NameTaken', message: error.message }, final: !error.isTemporary }
  if (!(error instanceof ApiError)) return undefined
  if (error.status === 422 || error.status === 400 || error.status === 413)
    return {
      condition: { reason: 'PipelineInvalid', message: `the API server rejected the Job or ConfigMap made from the Pipeline: ${error.message}` },
      final: true,
    }
  if (error.status !== 403) return undefined
  const message = `the API server refuses to create the run’s objects: ${error.message}; the operator retries; ask whoever set the quota, policy or role`
  return { condition: { reason: 'Forbidden', message }, final: false }
}
