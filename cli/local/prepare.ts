// Decides which run a `headgate run` works on: a new one, or one that was begun before.
import { basename } from 'node:path'
import { runSettings } from '../../crds/defaults.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import type { StoreSession } from '../../runner/engine/session.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { createRun, findRun, type Run, specHash, startRun, unfinishedRun } from '../../store/runs.ts'

export type RunRequest = {
  pipeline: Pipeline
  /** Name of the run; a name that is there already means that run. */
  name?: string
  /** Go on with the pipeline's interrupted run. */
  resume?: boolean
  workers?: number
  /** Whether a new run may remove more rows than the pipeline allows. */
  allowRemoval?: boolean
  /** Makes the name of a new run unlike others; seconds are enough for people. */
  now: Date
}

export type PreparedRun = { run: Run; how: 'new' | 'resumed' | 'ended' }

/** `namespace/name`, or just the name without a namespace. */
export function pipelineName({ metadata }: Pipeline): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

/** Finds or creates the run. One that has ended is answered as it is: the same run is never done twice. */
export async function prepareRun(db: StoreSession, request: RunRequest): Promise<PreparedRun> {
  const earlier = await earlierRun(db, request)
  if (earlier === undefined) return { run: await newRun(db, request), how: 'new' }
  if (earlier.state === 'Succeeded' || earlier.state === 'Cancelled') return { run: earlier, how: 'ended' }
  if (earlier.specHash !== specHash(request.pipeline.spec)) {
    throw new HeadgateError(
      'PipelineChanged',
      `run ${earlier.name} was begun with another version of ${basename(pipelineName(request.pipeline))}; resume it with that version, or start a new run without --resume or under another --name`,
    )
  }
  await db.transaction((transaction) => startRun(transaction, earlier.id))
  return { run: { ...earlier, state: 'Running' }, how: 'resumed' }
}

async function earlierRun(db: StoreSession, { pipeline, name, resume }: RunRequest): Promise<Run | undefined> {
  if (name !== undefined) {
    const named = await findRun(db, name)
    if (named === undefined || named.pipeline === pipelineName(pipeline)) return named
    throw new HeadgateError('RunExists', `run ${name} belongs to pipeline ${named.pipeline}; choose another --name`)
  }
  if (resume !== true) return undefined
  const unfinished = await unfinishedRun(db, pipelineName(pipeline))
  if (unfinished !== undefined) return unfinished
  throw new HeadgateError('NothingToResume', `the last run of ${pipelineName(pipeline)} was not interrupted; start a new one without --resume`)
}

async function newRun(db: StoreSession, { pipeline, name, workers, allowRemoval = false, now }: RunRequest): Promise<Run> {
  const { spec } = pipeline
  const declared = runSettings(spec)
  const settings = { pipeline: pipelineName(pipeline), spec, workers: workers ?? declared.workers, batchSize: declared.batchSize, allowRemoval }
  if (name !== undefined) return startedRun(db, await createRun(db, { name, ...settings }))
  const stamp = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')
  for (let attempt = 1; ; attempt++) {
    const candidate = `${pipeline.metadata.name}-${stamp}${attempt === 1 ? '' : `-${attempt}`}`
    if ((await findRun(db, candidate)) === undefined) return startedRun(db, await createRun(db, { name: candidate, ...settings }))
  }
}

async function startedRun(db: StoreSession, run: Run): Promise<Run> {
  await db.transaction((transaction) => startRun(transaction, run.id))
  return run
}
