// The destination `postgres`: a table. Its code is in runner/loaders/postgres.
import Type, { type Static } from 'typebox'
import { defaults } from '../defaults.ts'
import type { Kind } from '../kinds.ts'
import { reservedSchemas, tableNotReserved } from '../reserved-schemas.ts'
import { type CelRule, closed, objectName, oneOf, ratio, tableName } from '../shapes.ts'

const postgresRules: CelRule[] = [
  tableNotReserved,
  {
    rule: "!has(self.publish) || self.publish != 'PerBatch' || !has(self.mode) || !(self.mode in ['Replace', 'Snapshot'])",
    message: 'modes Replace and Snapshot become visible all at once: remove publish or set it to PerRun',
    fieldPath: '.publish',
  },
  {
    rule: "!has(self.onMissing) || (has(self.mode) && self.mode == 'Snapshot')",
    message: 'onMissing is only for mode Snapshot: remove it or change the mode',
    fieldPath: '.onMissing',
    reason: 'FieldValueForbidden',
  },
]

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

export type PostgresDestination = Static<typeof PostgresDestination>

export const postgres: Kind<typeof PostgresDestination> = { config: PostgresDestination }
