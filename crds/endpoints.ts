// Where the records of a pipeline come from and where they go.
import Type, { type Static } from 'typebox'
import { defaults } from './defaults.ts'
import { placeholders } from './placeholders.ts'
import { Plugin } from './plugin.ts'
import { reservedSchemas } from './reserved-schemas.ts'
import { exactlyOne, postgresRules } from './rules.ts'
import { boundedList, closed, objectName, oneOf, ratio, tableName, text } from './shapes.ts'

const Volume = Type.Object(
  {
    persistentVolumeClaim: Type.Optional(
      Type.Object({ claimName: objectName('Name of the claim, in the pipeline’s namespace.') }, closed('A PersistentVolumeClaim.')),
    ),
    configMap: Type.Optional(
      Type.Object({ name: objectName('Name of the ConfigMap, in the pipeline’s namespace.') }, closed('A ConfigMap; each key is a file.')),
    ),
  },
  closed('On a cluster, a volume with the files, mounted read-only at /data, where relative paths start; exactly one kind. The command line ignores it.', [
    exactlyOne('volume', ['persistentVolumeClaim', 'configMap']),
  ]),
)

const FilesSource = Type.Object(
  {
    paths: boundedList(
      text('A path or a glob (*, ?, **), relative to the pipeline.', 1024),
      64,
      'Files to read, in this order; the matches of a glob in the order of their names. Placeholders such as {{ params.region }} or ' +
        `{{ interval.date }} stand for values of the run: params.NAME, ${Object.keys(placeholders).join(', ')}.`,
    ),
    allowEmpty: Type.Optional(Type.Boolean({ description: 'Whether no match at all is fine. Default: false, the run fails with SourceNotFound.' })),
    volume: Type.Optional(Volume),
  },
  closed('Files on the worker’s file system, or on a volume of the cluster.'),
)

export const Source = Type.Object(
  { files: Type.Optional(FilesSource), plugin: Type.Optional(Plugin) },
  closed('Where the bytes come from; exactly one kind.', [exactlyOne('source', ['files', 'plugin'])]),
)

const PostgresDestination = Type.Object(
  {
    table: tableName(`schema.table; public without a schema. Not one of a reserved schema: ${reservedSchemas}.`),
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
    maxRefusedRatio: Type.Optional(
      ratio(
        'Largest share of a batch’s records, or of the run’s where it is published as one, that the table may refuse, by a constraint, a ' +
          'trigger, a policy or for want of a partition, in quotes. Such records are quarantined; a larger share fails the run. Up to 100 ' +
          `records are quarantined in any case, unless it is "0". Default: ${defaults.maxRefusedRatio}.`,
      ),
    ),
    secretRef: Type.Optional(
      Type.Object(
        { name: objectName('Name of the Secret.') },
        closed(
          `On a cluster, the Secret of the pipeline’s namespace whose key ${defaults.secretKey} holds the store’s address. Default: ${defaults.storeSecret}.`,
        ),
      ),
    ),
  },
  closed('A table in PostgreSQL.', postgresRules),
)

export const Destination = Type.Object(
  { postgres: Type.Optional(PostgresDestination), plugin: Type.Optional(Plugin) },
  closed('Where the records go; exactly one kind.', [exactlyOne('destination', ['postgres', 'plugin'])]),
)

export type FilesSource = Static<typeof FilesSource>
export type PostgresDestination = Static<typeof PostgresDestination>
