// Pipeline: the declaration of one feed. One definition gives the types, the JSON Schema and the CRD.
import Type, { type Static } from 'typebox'
import { pipelineRules } from './cluster-rules.ts'
import { defaults } from './defaults.ts'
import { Destination } from './destinations/registry.ts'
import { Schema } from './fields.ts'
import { Format } from './formats/registry.ts'
import { apiVersion, maxPipelineName, type ObjectMeta } from './metadata.ts'
import { Pod, Resources } from './placement.ts'
import { Plugin } from './plugin.ts'
import { specRules } from './rules.ts'
import { Retention, Schedule } from './schedule.ts'
import { boundedList, closed, duration, labelName, objectName, period, ratio } from './shapes.ts'
import { Source } from './sources/registry.ts'
import { PipelineStatus } from './status.ts'

const Quality = Type.Object(
  {
    maxRejectedRatio: Type.Optional(
      ratio(
        'Largest share of records that may be quarantined, between 0 and 1, in quotes. Default: any share but all of them; write 1 for a run that ' +
          'succeeds although every record was rejected. 0 ends the run with the first rejected record. Otherwise it ends as soon as the bytes ' +
          'that are left of its files cannot hold enough good records; where these are compressed, or in UTF-16 or another encoding ' +
          'that is converted first, when everything has been read.',
      ),
    ),
    maxRejected: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1000000000,
        description:
          'Most records that a run may quarantine. The run fails as soon as more are, which keeps a broken delivery from filling the store. ' +
          `Default: ${defaults.quality.maxRejected}.`,
      }),
    ),
    maxRemovedRatio: Type.Optional(
      ratio(
        'Largest share of the rows of the table that a run with mode Replace or Snapshot may remove because its source no longer has them, ' +
          'between 0 and 1, in quotes. A single run goes further with allowRemoval. Default: ' +
          `${defaults.quality.maxRemovedRatio}.`,
      ),
    ),
    minRecords: Type.Optional(Type.Integer({ minimum: 0, description: 'Fewest records that the source must give. Default: 0.' })),
  },
  closed('What a run must reach to succeed. With publish PerRun nothing is shown otherwise.'),
)

const Retry = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: `Maximum number of retries of a failed step. Default: ${defaults.retry.limit}.` }),
    ),
    backoff: Type.Optional(
      Type.Object(
        {
          initial: Type.Optional(duration(`Wait before the first retry, such as 500ms, 30s, 5m. Default: ${defaults.retry.initial}.`)),
          max: Type.Optional(duration(`Longest wait. Default: ${defaults.retry.max}.`)),
        },
        closed('Waits double from initial to max.'),
      ),
    ),
  },
  closed('How transient failures are retried.'),
)

const Redis = Type.Object(
  {
    secretRef: Type.Object(
      { name: objectName('Name of the Secret.') },
      closed(`A Secret of the pipeline’s namespace whose key ${defaults.secretKey} holds the address.`),
    ),
  },
  closed(
    `Workers use Redis to detect failed workers and to report progress. A run continues without Redis. Default: the Secret ${defaults.redisSecret}, if there is one.`,
  ),
)

const PluginStep = Type.Object({ plugin: Plugin }, closed('One step.'))

export const PipelineSpec = Type.Object(
  {
    schedule: Type.Optional(Schedule),
    source: Source,
    format: Type.Optional(Format),
    schema: Schema,
    validators: Type.Optional(boundedList(PluginStep, 16, 'Validators of your own, run after the declared checks, in this order.')),
    transform: Type.Optional(boundedList(PluginStep, 16, 'Transformers, in this order.')),
    destination: Destination,
    quality: Type.Optional(Quality),
    workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: `Processes that share the work. Default: ${defaults.workers}.` })),
    batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000000, description: `Records committed together. Default: ${defaults.batchSize}.` })),
    retry: Type.Optional(Retry),
    resources: Type.Optional(Resources),
    pod: Type.Optional(Pod),
    startDeadline: Type.Optional(
      period(`How long a run’s pods may take to start before the run fails, with the reason why they did not. Default: ${defaults.startDeadline}.`),
    ),
    timeout: Type.Optional(period('How long a run may take from the start, such as 2h. Default: no limit.')),
    redis: Type.Optional(Redis),
    retention: Type.Optional(Retention),
  },
  closed('What to load, from where, to where.', specRules),
)

const Metadata = Type.Object(
  {
    name: labelName('Name of the pipeline; runs and jobs are named after it.', maxPipelineName),
    namespace: Type.Optional(Type.String({ maxLength: 63, description: 'Namespace on the cluster.' })),
  },
  { description: 'Name, namespace, labels and annotations, as of any Kubernetes object.' },
)

export const Pipeline = Type.Object(
  {
    apiVersion: Type.Literal(apiVersion, { description: apiVersion }),
    kind: Type.Literal('Pipeline', { description: 'Pipeline' }),
    metadata: Metadata,
    spec: PipelineSpec,
    status: Type.Optional(PipelineStatus),
  },
  closed('A feed, declared.', pipelineRules),
)

export type Pipeline = Omit<Static<typeof Pipeline>, 'metadata'> & { metadata: ObjectMeta }
export type PipelineSpec = Static<typeof PipelineSpec>
export type { PostgresDestination } from './destinations/postgres.ts'
export type { CsvFormat } from './formats/csv.ts'
export type { Plugin } from './plugin.ts'
export type { FilesSource } from './sources/files.ts'
