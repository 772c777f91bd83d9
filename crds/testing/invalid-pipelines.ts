// Pipelines that are refused for what they load: source, format, schema, destination.
import type { InvalidManifest } from './manifests.ts'

const field = 'spec.schema.fields.0'
const files = { paths: ['orders.csv'] }
const reserved = 'are reserved, in any case: name a table of another schema'

const endpoints: InvalidManifest[] = [
  { wrong: 'no source', changes: { 'spec.source': {} }, refused: 'source needs exactly one kind: declare one of files, plugin' },
  { wrong: 'two sources', changes: { 'spec.source': { files, plugin: { module: './a.ts' } } }, refused: 'source needs exactly one kind' },
  { wrong: 'no format', changes: { 'spec.format': undefined }, refused: 'source.files needs a format: say how its bytes become records' },
  { wrong: 'no kind of format', changes: { 'spec.format': {} }, refused: 'format needs exactly one kind: declare one of csv, json' },
  {
    wrong: 'a format for a plugin',
    changes: { 'spec.source': { plugin: { module: './a.ts' } } },
    refused: 'source.plugin gives records itself: remove format',
  },
  ...['data:text/javascript,export default 1', 'http://x/a.js', 'file:///a.js', 'node:fs', 'feeds/../../a.js'].map((module) => ({
    wrong: `the module ${module}`,
    changes: { 'spec.source': { plugin: { module } }, 'spec.format': undefined },
    refused: 'name a file, beginning with ./, ../ or /, or an installed package',
  })),
  { wrong: 'no destination', changes: { 'spec.destination': {} }, refused: 'destination needs exactly one kind: declare one of postgres, plugin' },
  {
    wrong: 'no paths',
    changes: { 'spec.source.files.paths': [] },
    refused: 'spec.source.files.paths in body should have at least 1 items',
    offline: 'paths must have at least 1 item',
  },
  {
    wrong: 'an empty volume',
    changes: { 'spec.source.files.volume': {} },
    refused: 'volume needs exactly one kind: declare one of persistentVolumeClaim, configMap',
  },
  {
    wrong: 'two volumes',
    changes: { 'spec.source.files.volume.persistentVolumeClaim': { claimName: 'feeds' } },
    refused: 'volume needs exactly one kind',
  },
  {
    wrong: 'a table of three parts',
    changes: { 'spec.destination.postgres.table': 'a.b.c' },
    refused: 'write schema.table, or table alone if it is in public',
  },
  ...['headgate.quarantine_occurrence', 'HeadGate.run', 'headgate_stage.run_1', 'pg_catalog.pg_class', 'PG_temp.t', 'information_schema.tables'].flatMap(
    (table): InvalidManifest[] => [
      { wrong: `a destination in a reserved schema, ${table}`, changes: { 'spec.destination.postgres.table': table }, refused: reserved },
      { wrong: `parents in a reserved schema, ${table}`, changes: { 'spec.schema.fields.0.references': { table, column: 'id' } }, refused: reserved },
    ],
  ),
  {
    wrong: 'an unknown mode',
    changes: { 'spec.destination.postgres.mode': 'upsert' },
    refused: 'Unsupported value: "upsert": supported values: "Append", "Upsert", "Replace", "Snapshot"',
    offline: 'mode cannot be upsert: it is one of Append, Upsert, Replace, Snapshot',
  },
  {
    wrong: 'Replace per batch',
    changes: { 'spec.destination.postgres.mode': 'Replace', 'spec.destination.postgres.publish': 'PerBatch' },
    refused: 'modes Replace and Snapshot become visible all at once: remove publish or set it to PerRun',
  },
  {
    wrong: 'a share of refused records in per cent',
    changes: { 'spec.destination.postgres.maxRefusedRatio': '5%' },
    refused: 'write a number between 0 and 1 in quotes, such as "0.05"',
  },
  { wrong: 'onMissing without Snapshot', changes: { 'spec.destination.postgres.onMissing': 'Mark' }, refused: 'onMissing is only for mode Snapshot' },
  {
    wrong: 'a misspelt field',
    changes: { 'spec.source.files.path': 'orders.csv' },
    refused: 'unknown field "spec.source.files.path"',
    offline: 'unknown field path; did you mean paths?',
  },
  {
    wrong: 'a delimiter of nine characters',
    changes: { 'spec.format.csv.delimiter': '123456789' },
    refused: 'Too long: may not be more than 8 bytes',
    offline: 'delimiter must have at most 8 characters',
  },
]

const schemas: InvalidManifest[] = [
  {
    wrong: 'Upsert without a key',
    changes: { 'spec.schema.primaryKey': undefined },
    refused: 'modes Upsert (the default) and Snapshot need schema.primaryKey',
  },
  { wrong: 'a key that is not declared', changes: { 'spec.schema.primaryKey': ['nr'] }, refused: 'primaryKey names a field that fields does not declare' },
  { wrong: 'a nullable key', changes: { 'spec.schema.primaryKey': ['amount'] }, refused: 'a field of primaryKey must not be nullable' },
  {
    wrong: 'a key field named twice',
    changes: { 'spec.schema.primaryKey': ['id', 'id'] },
    refused: 'spec.schema.primaryKey[1]: Duplicate value',
    offline: 'id is in primaryKey already',
  },
  {
    wrong: 'a pattern that looks ahead',
    changes: { [`${field}`]: { name: 'id', type: 'text', pattern: '^(?!x)[a-z]+$' } },
    refused: 'invalid or unsupported Perl syntax: `(?!`',
  },
  {
    wrong: 'a pattern that refers back',
    changes: { [`${field}`]: { name: 'id', type: 'text', pattern: '(a)\\1' } },
    refused: 'invalid escape sequence: `\\1`',
  },
  {
    wrong: 'a version field that is not declared',
    changes: { 'spec.schema.versionField': 'changed' },
    refused: 'versionField names a field that fields does not',
  },
  {
    wrong: 'a version field without a key',
    changes: { 'spec.schema.versionField': 'amount', 'spec.schema.primaryKey': undefined, 'spec.destination.postgres.mode': 'Append' },
    refused: 'versionField compares records of one key: declare primaryKey, too',
  },
  { wrong: 'min above max', changes: { [`${field}.min`]: 9, [`${field}.max`]: 1 }, refused: 'min must be a number not above max' },
  {
    wrong: 'a decimal without quotes',
    changes: { [`${field}.min`]: 0.5 },
    refused: 'spec.schema.fields[0].min in body must be of type integer,string',
    offline: 'min must be a whole number or text: write a decimal in quotes',
  },
  { wrong: 'min of a text', changes: { 'spec.schema.fields.2.min': 1 }, refused: 'min is only for type integer, decimal, float, date, time, timestamp' },
  {
    wrong: 'minLength above maxLength',
    changes: { 'spec.schema.fields.2.minLength': 9, 'spec.schema.fields.2.maxLength': 1 },
    refused: 'minLength must not be above maxLength',
  },
  { wrong: 'scale above precision', changes: { 'spec.schema.fields.1.scale': 13 }, refused: 'scale must not be above precision' },
  {
    wrong: 'scale without precision',
    changes: { 'spec.schema.fields.1.precision': undefined },
    refused: 'scale needs precision: declare the digits in all, too',
  },
  { wrong: 'enum without values', changes: { [`${field}.type`]: 'enum' }, refused: 'type enum needs values: list the words allowed' },
  {
    wrong: 'an unknown type',
    changes: { [`${field}.type`]: 'int' },
    refused: 'Unsupported value: "int"',
    offline: 'type cannot be int: it is one of text, integer',
  },
  {
    wrong: 'a name that Headgate fills',
    changes: { 'spec.schema.fields.2.name': '_run' },
    refused: '_run, _pos, _extra and _deleted_at are columns that Headgate fills',
  },
  { wrong: 'a name with a quote', changes: { 'spec.schema.fields.2.name': 'a"b' }, refused: 'leave out control characters and double quotes' },
  {
    wrong: 'a field declared twice',
    changes: { 'spec.schema.fields.2.name': 'amount' },
    refused: 'spec.schema.fields[2]: Duplicate value',
    offline: 'amount is in fields already',
  },
  {
    wrong: 'whenMissing keep of a field that may not be null',
    changes: { [`${field}.whenMissing`]: 'keep' },
    refused: 'whenMissing keep and nullify need a field that may be null',
  },
  {
    wrong: 'whenMissing keep in mode Replace',
    changes: { 'spec.schema.fields.1.whenMissing': 'keep', 'spec.destination.postgres.mode': 'Replace' },
    refused: 'whenMissing keep needs rows that stay',
  },
  {
    wrong: 'missingFields keep in mode Replace',
    changes: { 'spec.schema.missingFields': 'keep', 'spec.destination.postgres.mode': 'Replace' },
    refused: 'missingFields keep needs rows that stay',
  },
  {
    wrong: 'missingFields keep for a plugin that loads',
    changes: { 'spec.schema.missingFields': 'keep', 'spec.destination': { plugin: { module: './a.ts' } } },
    refused: 'missingFields keep needs rows that stay',
  },
  { wrong: 'nullify in a field that may not be null', changes: { [`${field}.outcome`]: 'nullify' }, refused: 'outcome nullify needs a field that may be null' },
  {
    wrong: 'a missing parent nullified in a field that may not be null',
    changes: { 'spec.schema.fields.2.references.onMissing': 'nullify' },
    refused: 'references.onMissing nullify needs a field that may be null',
  },
  {
    wrong: 'a reference without its column',
    changes: { 'spec.schema.fields.2.references.column': undefined },
    refused: 'spec.schema.fields[2].references.column: Required value',
    offline: 'column is missing',
  },
  {
    wrong: 'a rule with capitals in its name',
    changes: { 'spec.schema.rules': [{ name: 'Paid', expression: 'true' }] },
    refused: 'use lower case letters, digits and hyphens',
  },
]

export const invalidPipelines = [...endpoints, ...schemas]
