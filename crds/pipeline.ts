// Pipeline: the declaration of one feed. One definition gives the types, the JSON Schema and the CRD.
import Type, { type Static } from 'typebox'
import { Schema } from './fields.ts'
import { boundedList, duration, identifier, oneOf, ratio, text } from './shapes.ts'

const Plugin = Type.Object(
  {
    module: text('File of the module, relative to the pipeline, or the name of an installed package.', 512),
    export: Type.Optional(identifier('Name of the exported class. Default: default.')),
    config: Type.Optional(Type.Unknown({ description: 'Handed to the class as it is.', 'x-kubernetes-preserve-unknown-fields': true })),
  },
  { additionalProperties: false, description: 'A class of your own.' },
)

const FilesSource = Type.Object(
  {
    paths: boundedList(text('A path or a glob (*, ?, **), relative to the pipeline.', 1024), 64, 'Files to read, in this order; the matches of a glob in the order of their names.'),
    allowEmpty: Type.Optional(Type.Boolean({ description: 'Whether no match at all is fine. Default: false, the run fails with SourceNotFound.' })),
  },
  { additionalProperties: false, description: 'Files on the worker’s file system.' },
)

const Source = Type.Object(
  { files: Type.Optional(FilesSource), plugin: Type.Optional(Plugin) },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'Where the bytes come from; exactly one.' },
)

const Csv = Type.Object(
  {
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 8, description: 'What stands between fields, one or more characters; "auto" finds it out. Default: a comma.' })),
    quote: Type.Optional(Type.String({ maxLength: 1, description: 'Quote character; empty for none. Default: ".' })),
    escape: Type.Optional(Type.String({ maxLength: 1, description: 'What makes a quote inside quotes literal: the quote itself (default), another character, or empty for nothing.' })),
    comment: Type.Optional(Type.String({ minLength: 1, maxLength: 8, description: 'Lines that begin with this are skipped.' })),
    recordDelimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 8, description: 'What ends a record, if it is none of LF, CRLF, CR, which are all understood without being declared.' })),
    header: Type.Optional(Type.Union([Type.Boolean(), Type.Integer({ minimum: 0, maximum: 16 })], { description: 'Number of header lines (true is 1, false 0); several are joined with a space, column by column. Without one the declared fields name the columns in order. Default: true.' })),
    skipLines: Type.Optional(Type.Integer({ minimum: 0, maximum: 10000, description: 'Physical lines before the header to skip.' })),
    skipFooterLines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, description: 'Physical lines at the end to skip.' })),
    ragged: Type.Optional(oneOf(['reject', 'pad', 'truncate', 'adapt'], 'Records with another number of fields: quarantined (default); short ones filled with null (pad); long ones cut (truncate); both (adapt).')),
    nullTokens: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32, description: 'Unquoted words that mean null. Default: the empty one.' })),
    quotedEmpty: Type.Optional(oneOf(['text', 'null'], 'What "" in quotes is: an empty text (default) or null.')),
    trim: Type.Optional(Type.Boolean({ description: 'Whether spaces and tabs around unquoted values are dropped. Default: false.' })),
    encoding: Type.Optional(text('utf-8 (default), utf-16le, utf-16be, latin1, windows-1252, and whatever else iconv-lite knows. A byte order mark wins.', 40)),
    compression: Type.Optional(oneOf(['auto', 'none', 'gzip', 'zstd'], 'Default: auto, by the first bytes.')),
    maxRecordBytes: Type.Optional(Type.Integer({ minimum: 1024, maximum: 67108864, description: 'A longer record is quarantined. Default: 1048576.' })),
  },
  { additionalProperties: false, description: 'Delimited text.' },
)

const Format = Type.Object(
  { csv: Type.Optional(Csv) },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'How bytes become records; exactly one.' },
)

const PostgresDestination = Type.Object(
  {
    table: text('schema.table; public without a schema.', 127),
    mode: Type.Optional(oneOf(['Append', 'Upsert', 'Replace', 'Snapshot'], 'Append adds rows; Upsert (default) inserts or updates by key; Replace swaps the whole table; Snapshot upserts and deletes or marks what is gone from the source.')),
    publish: Type.Optional(oneOf(['PerBatch', 'PerRun'], 'When rows become visible: with every batch (default), or all at once at the end, behind the quality gate. Replace and Snapshot are always PerRun.')),
    createTable: Type.Optional(Type.Boolean({ description: 'Whether a missing table is created and missing columns are added. Default: false.' })),
    onMissing: Type.Optional(oneOf(['Delete', 'Mark'], 'Snapshot: rows gone from the source are deleted (default) or get a time in _deleted_at.')),
  },
  { additionalProperties: false, description: 'A table in PostgreSQL.' },
)

const Destination = Type.Object(
  { postgres: Type.Optional(PostgresDestination), plugin: Type.Optional(Plugin) },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'Where the records go; exactly one.' },
)

const Quality = Type.Object(
  {
    maxRejectedRatio: Type.Optional(ratio('Largest share of records that may be quarantined.')),
    minRecords: Type.Optional(Type.Integer({ minimum: 0, description: 'Fewest records that the source must give.' })),
  },
  { additionalProperties: false, description: 'What a run must reach to succeed. With publish PerRun nothing is shown otherwise.' },
)

const Retry = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'How often a failed step is tried again. Default: 5.' })),
    backoff: Type.Optional(
      Type.Object(
        { initial: Type.Optional(duration('Wait before the first retry. Default: 1s.')), max: Type.Optional(duration('Longest wait. Default: 5m.')) },
        { additionalProperties: false, description: 'Waits double from initial to max.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'How passing failures are met.' },
)

export const PipelineSpec = Type.Object(
  {
    source: Source,
    format: Type.Optional(Format),
    schema: Schema,
    validators: Type.Optional(boundedList(Type.Object({ plugin: Plugin }, { additionalProperties: false }), 16, 'Validators of your own, run after the declared checks.')),
    transform: Type.Optional(boundedList(Type.Object({ plugin: Plugin }, { additionalProperties: false }), 16, 'Transformers, in this order.')),
    destination: Destination,
    quality: Type.Optional(Quality),
    workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, description: 'Processes that share the work. Default: 1.' })),
    batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000000, description: 'Records committed together. Default: 50000.' })),
    retry: Type.Optional(Retry),
  },
  { additionalProperties: false, description: 'What to load, from where, to where.' },
)

export const Pipeline = Type.Object(
  {
    apiVersion: Type.Literal('headgate.dev/v1alpha1'),
    kind: Type.Literal('Pipeline'),
    metadata: Type.Object({ name: Type.String({ minLength: 1, maxLength: 52, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }), namespace: Type.Optional(Type.String({ maxLength: 63 })) }),
    spec: PipelineSpec,
  },
  { description: 'A feed, declared.' },
)

export type Pipeline = Static<typeof Pipeline>
export type PipelineSpec = Static<typeof PipelineSpec>
export type Plugin = Static<typeof Plugin>
export type FilesSource = Static<typeof FilesSource>
export type CsvFormat = Static<typeof Csv>
export type PostgresDestination = Static<typeof PostgresDestination>
