// A run whose Pipeline is not there waits for a while, then it fails. Called when it is admitted and when it is started.
import type { KeptRun } from '../../kept.ts'
import { pipelines } from '../../kubernetes/resources.ts'
import { type Again, finish, goOn, type RunContext } from '../run-context.ts'
import { createdAt } from '../run-state.ts'

/** How long a run waits for its Pipeline: whoever applies both may apply the run first. */
const pipelineGraceMs = 30_000
const retryMs = 2000

/** The Pipeline is not there: for a while the run waits for it, then it fails. */
export async function awaitPipeline(context: RunContext, run: KeptRun): Promise<Again> {
  const { name } = run.spec.pipelineRef
  const { namespace } = run.metadata
  const left = createdAt(run) + pipelineGraceMs - context.clock.now()
  const reason = 'PipelineNotFound'
  if (left > 0) {
    await goOn(context, run, 'Pending', { reason, message: `there is no Pipeline ${name} in namespace ${namespace} yet; the run waits half a minute for it` })
    return { again: left }
  }
  // The cache may be behind.
  const found = await context.client.get(pipelines, name, namespace)
  if (found !== undefined && found.metadata.deletionTimestamp === undefined) return { again: retryMs }
  const message = `there is no Pipeline ${name} in namespace ${namespace}; apply it, then create another run`
  return await finish(context, run, { phase: 'Failed', said: { reason, message } })
}
