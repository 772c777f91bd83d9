// What becomes of an admitted run that cannot start: it waits for a while where that may help, then it fails.
import { defaults } from '../../../../crds/defaults.ts'
import { durationMilliseconds } from '../../../../crds/durations.ts'
import { createdAt, type KeptRun } from '../../../cache/runs.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { isNamespaceGone } from '../../../kubernetes/namespace.ts'
import { pipelines } from '../../../kubernetes/resources.ts'
import { type Again, memoryOf, type RunContext } from '../context.ts'
import { namespaceGone } from '../namespace.ts'
import { finish, goOn, type Said } from '../status.ts'
import { NameTaken } from './objects.ts'

/** A Pipeline applied together with its run may be created after it. */
const pipelineGraceMs = 30_000
const pipelineRetryMs = 2000
const refusalRetryMs = 5000
const refusalDeadlineMs = durationMilliseconds(defaults.startDeadline)

/** The Pipeline is not there. */
export async function awaitPipeline(context: RunContext, run: KeptRun): Promise<Again> {
  const { name } = run.spec.pipelineRef
  const { namespace } = run.metadata
  const left = createdAt(run) + pipelineGraceMs - context.clock.now()
  const reason = 'PipelineNotFound'
  if (left > 0) {
    const message = `there is no Pipeline ${name} in namespace ${namespace} yet; the run waits half a minute for it`
    await goOn(context, run, { phase: 'Pending', said: { reason, message } })
    return { again: left }
  }
  // The cache may be behind.
  const found = await context.client.get(pipelines, name, namespace)
  if (found !== undefined && found.metadata.deletionTimestamp === undefined) return { again: pipelineRetryMs }
  const message = `there is no Pipeline ${name} in namespace ${namespace}; apply it, then create another run`
  return await finish(context, run, { phase: 'Failed', said: { reason, message } })
}

/** The API server refuses the snapshot or the Job. Throws the error again if it says nothing about the run: the queue retries later. */
export async function refused(context: RunContext, run: KeptRun, error: unknown): Promise<Again> {
  if (isNamespaceGone(error)) return await finish(context, run, { phase: 'Cancelled', said: namespaceGone(run) })
  const refusal = refusalOf(error)
  if (refusal === undefined) throw error
  const { said, final } = refusal
  const now = context.clock.now()
  const memory = memoryOf(context, run)
  memory.refusedSince ??= now
  if (final || now - memory.refusedSince >= refusalDeadlineMs) return await finish(context, run, { phase: 'Failed', said })
  await goOn(context, run, { phase: 'Pending', said, event: { action: 'Start', type: 'Warning' } })
  return { again: refusalRetryMs }
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
