// Pipeline: the declaration of one feed. One definition gives the types, the JSON Schema and the CRD.
import Type, { type Static } from 'typebox'
import { Csv } from './csv.ts'
import { Schema } from './fields.ts'
import { exactlyOne, postgresRules, specRules } from './rules.ts'
import { boundedList, closed, duration, identifier, oneOf, ratio, tableName, text } from './shapes.ts'

const Plugin = Type.Object(
  {
    module: text('File of the module (./ or ../ first), relative to the pipeline, or the name of an installed package.', 512),
    export: Type.Optional(identifier('Name of the exported class. Default: default.')),
    config: Type.Optional(Type.Unknown({ description: 'Handed to the class as it is.', 'x-kubernetes-preserve-unknown-fields': true })),
  },
  closed('A class of your own.'),
)

const FilesSource = Type.Object(
  {
    paths: boundedList(
      text('A path or a glob (*, ?, **), relative to the pipeline.', 1024),
      64,
      'Files to read, in this order; the matches of a glob in the order of their names.',
    ),
    allowEmpty: Type.Optional(Type.Boolean({ description: 'Whether no match at all is fine. Default: false, the run fails with SourceNotFound.' })),
  },
  closed('Files on the worker’s file system.'),
)

const Source = Type.Object(
  { files: Type.Optional(FilesSource), plugin: Type.Optional(Plugin) },
  closed('Where the bytes come from; exactly one kind.', [exactlyOne('source', ['files', 'plugin'])]),
)

const Format = Type.Object(
  { csv: Type.Optional(Csv) },
  closed('How bytes become records; exactly one kind. Needed by source.files.', [exactlyOne('format', ['csv'])]),
)

const PostgresDestination = Type.Object(
  {
    table: tableName('schema.table; public without a schema.'),
    mode: Type.Optional(
      oneOf(
        ['Append', 'Upsert', 'Replace', 'Snapshot'],
        'Append adds rows; Upsert inserts or updates by key; Replace swaps the whole table; Snapshot upserts, and deletes or marks ' +
          'what is gone from the source. Default: Upsert.',
      ),
    ),
    publish: Type.Optional(
      oneOf(
        ['PerBatch', 'PerRun'],
        'When rows become visible: with every batch, or all at once at the end, behind the quality gate. Default: PerBatch; ' +
          'Replace and Snapshot are always PerRun.',
      ),
    ),
    createTable: Type.Optional(Type.Boolean({ description: 'Whether a missing table is created and missing columns are added. Default: false.' })),
    onMissing: Type.Optional(
      oneOf(['Delete', 'Mark'], 'For mode Snapshot: rows gone from the source are deleted, or get a time in _deleted_at. Default: Delete.'),
    ),
  },
  closed('A table in PostgreSQL.', postgresRules),
)

const Destination = Type.Object(
  { postgres: Type.Optional(PostgresDestination), plugin: Type.Optional(Plugin) },
  closed('Where the records go; exactly one kind.', [exactlyOne('destination', ['postgres', 'plugin'])]),
)

const Quality = Type.Object(
  {
    maxRejectedRatio: Type.Optional(ratio('Largest share of records that may be quarantined, between 0 and 1, in quotes. Default: 1.')),
    minRecords: Type.Optional(Type.Integer({ minimum: 0, description: 'Fewest records that the source must give. Default: 0.' })),
  },
  closed('What a run must reach to succeed. With publish PerRun nothing is shown otherwise.'),
)

const Retry = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'How often a failed step is tried again. Default: 5.' })),
    backoff: Type.Optional(
      Type.Object(
        {
          initial: Type.Optional(duration('Wait before the first retry, such as 500ms, 30s, 5m. Default: 1s.')),
          max: Type.Optional(duration('Longest wait. Default: 5m.')),
        },
        closed('Waits double from initial to max.'),
      ),
    ),
  },
  closed('How passing failures are met.'),
)

const PluginStep = Type.Object({ plugin: Plugin }, closed('One step.'))

export const PipelineSpec = Type.Object(
  {
    source: Source,
    format: Type.Optional(Format),
    schema: Schema,
    validators: Type.Optional(boundedList(PluginStep, 16, 'Validators of your own, run after the declared checks, in this order.')),
    transform: Type.Optional(boundedList(PluginStep, 16, 'Transformers, in this order.')),
    destination: Destination,
    quality: Type.Optional(Quality),
    workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: 'Processes that share the work. Default: 1.' })),
    batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000000, description: 'Records committed together. Default: 50000.' })),
    retry: Type.Optional(Retry),
  },
  closed('What to load, from where, to where.', specRules),
)

const Metadata = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 52,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      description: 'Name of the pipeline: lower case letters, digits and hyphens, at most 52, because runs and jobs are named after it.',
    }),
    namespace: Type.Optional(Type.String({ maxLength: 63, description: 'Namespace on the cluster.' })),
  },
  { description: 'Name, namespace, labels and annotations, as of any Kubernetes object.' },
)

export const Pipeline = Type.Object(
  {
    apiVersion: Type.Literal('headgate.dev/v1alpha1', { description: 'headgate.dev/v1alpha1' }),
    kind: Type.Literal('Pipeline', { description: 'Pipeline' }),
    metadata: Metadata,
    spec: PipelineSpec,
    status: Type.Optional(Type.Unknown({ description: 'Filled by Headgate; ignored in a manifest.', 'x-kubernetes-preserve-unknown-fields': true })),
  },
  closed('A feed, declared.'),
)

export type Pipeline = Static<typeof Pipeline>
export type PipelineSpec = Static<typeof PipelineSpec>
export type Plugin = Static<typeof Plugin>
export type FilesSource = Static<typeof FilesSource>
export type PostgresDestination = Static<typeof PostgresDestination>
export type { CsvFormat } from './csv.ts'
