// Decides which run a `headgate run` works on: a new one, or one that was begun before.
import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { runSettings } from '../../crds/defaults.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { checkTemplates } from '../../runner/templates/paths.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { createRun, findRun, type Run, specHash, startRun, unfinishedRun } from '../../store/runs.ts'
import type { StoreSession } from '../../store/session.ts'

export type RunRequest = {
  pipeline: Pipeline
  /** Name of the run. The name of an existing run selects that run. */
  name?: string
  /** Go on with the pipeline's interrupted run. */
  resume?: boolean
  workers?: number
  /** Values of the pipeline's placeholders; a run that is resumed keeps its own. */
  params?: Record<string, string>
  interval?: { start: Date; end: Date }
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

/** Finds or creates the run. A run that has ended is returned unchanged: a run is never executed twice. */
export async function prepareRun(db: StoreSession, request: RunRequest): Promise<PreparedRun> {
  const earlier = await earlierRun(db, request)
  if (earlier === undefined) return { run: await newRun(db, request), how: 'new' }
  checkSameInput(earlier, request)
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

/** What is given on the command line must be what the run was begun with; what is left out is taken from there. */
function checkSameInput({ name, ...begun }: Run, { params = {}, interval = begun.interval }: RunRequest): void {
  const sameParams = Object.keys(params).length === 0 || isDeepStrictEqual({ ...params }, { ...begun.params })
  if (sameParams && isDeepStrictEqual(interval, begun.interval)) return
  const message = `run ${name} was begun with other params or another interval; leave out --param and --interval, or start a new run under another --name`
  throw new HeadgateError('PipelineChanged', message)
}

async function newRun(db: StoreSession, request: RunRequest): Promise<Run> {
  const { pipeline, name, workers, params = {}, interval, allowRemoval = false, now } = request
  const { spec } = pipeline
  const declared = runSettings(spec)
  const settings = {
    pipeline: pipelineName(pipeline),
    spec,
    workers: workers ?? declared.workers,
    batchSize: declared.batchSize,
    params,
    interval,
    allowRemoval,
  }
  checkTemplates(spec, { name: name ?? pipeline.metadata.name, createdAt: now, params, interval })
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
