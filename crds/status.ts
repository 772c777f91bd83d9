// The status of pipelines and runs. Written by the operator only; holds totals, so that it stays small.
import Type, { type Static, type TObject, type TOptional, type TProperties } from 'typebox'
import { conditionList } from './conditions.ts'
import { closed, counter, moment, oneOf, word } from './shapes.ts'

/** An object whose fields are all counters; `later` are those that a status written by an older version lacks. */
function counters<const Names extends string, const Later extends string = never>(
  fields: Record<Names, string>,
  description: string,
  later = {} as Record<Later, string>,
) {
  const required = Object.entries<string>(fields).map(([name, said]) => [name, counter(said)])
  const optional = Object.entries<string>(later).map(([name, said]) => [name, Type.Optional(counter(said))])
  const properties: TProperties = Object.fromEntries([...required, ...optional])
  return Type.Object(properties, closed(description)) as TObject<
    Record<Names, ReturnType<typeof counter>> & Record<Later, TOptional<ReturnType<typeof counter>>>
  >
}

const Records = counters(
  {
    read: 'Records read from the source.',
    loaded: 'Records loaded into the destination.',
    unchanged: 'Records that were there already, the same in every column.',
    superseded: 'Records that a later or newer one with the same key replaced.',
    filtered: 'Records that a transformer left out.',
    quarantined: 'Records rejected, kept with the evidence.',
    parked: 'Records that wait for a parent.',
  },
  'What became of the records: read + derived = loaded + unchanged + superseded + filtered + quarantined + parked.',
  {
    derived: 'Records beyond the first that transformers made of one of the source.',
    removed: 'Rows of the table that were removed because the source no longer has them.',
  },
)

const Slices = counters({ total: 'Slices in all.', done: 'Slices that are finished.' }, 'How far the run is.')

const Timings = counters(
  {
    extractMs: 'Reading and framing.',
    validateMs: 'Checking and encoding.',
    transformMs: 'Transformers.',
    loadMs: 'Writing and committing.',
  },
  'Time spent in each stage in milliseconds, summed over workers.',
)

const Failure = Type.Object(
  {
    code: word('What went wrong; each code has an entry in the documentation.', 128),
    message: Type.String({ maxLength: 2048, description: 'What happened, to what, and what to do.' }),
    retryable: Type.Optional(Type.Boolean({ description: 'Whether the same run might succeed later.' })),
    slice: Type.Optional(counter('Ordinal of the slice in which it happened.')),
    position: Type.Optional(word('Where in the source, as its extractor writes it.', 256)),
  },
  closed('Why the run failed.'),
)

export const runPhases = ['Pending', 'Queued', 'Starting', 'Running', 'Succeeded', 'Failed', 'Cancelled', 'Skipped'] as const
const Phase = oneOf(
  runPhases,
  'Where the run is, for people: Pending is new; Queued waits for other runs; Starting waits for its pods; Running works; Skipped was ' +
    'not started because another run was active. Programs read the condition Succeeded.',
)

const generation = Type.Optional(Type.Integer({ minimum: 0, description: 'Generation of the object that this status is about.' }))

export const PipelineRunStatus = Type.Object(
  {
    observedGeneration: generation,
    phase: Type.Optional(Phase),
    conditions: Type.Optional(conditionList('Succeeded: Unknown while the run goes on, then True, or False with the reason.')),
    startTime: Type.Optional(moment('When the Job was created.')),
    completionTime: Type.Optional(moment('When the run ended.')),
    duration: Type.Optional(word('From start to completion, such as 3m12s.', 32)),
    jobName: Type.Optional(word('The Job whose pods do the work.', 253)),
    jobUid: Type.Optional(word('Uid of that Job: another of the same name is not this run’s.', 64)),
    snapshotName: Type.Optional(word('The ConfigMap with the declaration as it was when the run started.', 253)),
    snapshotHash: Type.Optional(word('SHA-256 of what that ConfigMap holds; another content is not this run’s.', 64)),
    pipelineGeneration: Type.Optional(Type.Integer({ minimum: 0, description: 'Generation of the Pipeline that was run.' })),
    records: Type.Optional(Records),
    slices: Type.Optional(Slices),
    timings: Type.Optional(Timings),
    throughput: Type.Optional(counter('Records per second since the start.')),
    failure: Type.Optional(Failure),
    attempts: Type.Optional(counter('Pods that have failed so far.')),
  },
  closed('Observed state of the run. Set by Headgate.'),
)

const LastRun = Type.Object(
  {
    name: word('Its name.', 63),
    phase: Type.Optional(Phase),
    completionTime: Type.Optional(moment('When it ended.')),
  },
  closed('The run that was created last.'),
)

const LastSuccess = Type.Object(
  { name: word('Its name.', 63), completionTime: Type.Optional(moment('When it ended.')) },
  closed('The run that succeeded last.'),
)

export const PipelineStatus = Type.Object(
  {
    observedGeneration: generation,
    conditions: Type.Optional(
      conditionList(
        'Ready: the pipeline can run. Reconciling: a change is being carried out. Stalled: it cannot run until its configuration or environment is corrected.',
      ),
    ),
    lastRun: Type.Optional(LastRun),
    lastSuccess: Type.Optional(LastSuccess),
    nextRun: Type.Optional(moment('When the schedule ticks next.')),
    active: Type.Optional(counter('Runs that are at work.')),
    queued: Type.Optional(counter('Runs that wait for their turn.')),
  },
  closed('How the pipeline does; filled by Headgate.'),
)

export type RunRecords = Static<typeof Records>
export type RunSlices = Static<typeof Slices>
export type RunTimings = Static<typeof Timings>
export type RunFailure = Static<typeof Failure>
export type RunPhase = (typeof runPhases)[number]
export type PipelineRunStatus = Static<typeof PipelineRunStatus>
export type PipelineStatus = Static<typeof PipelineStatus>
export type { Condition } from './conditions.ts'
