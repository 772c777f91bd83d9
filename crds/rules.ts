// The rules across fields of a Pipeline, in CEL. Bounded lists keep their estimated cost within the API server's budget.
import type { CelRule } from './shapes.ts'
import { formatRules } from './sources/registry.ts'

/** A property that only fields of some types may have. */
function onlyFor(property: string, types: readonly string[]): CelRule {
  const list = types.map((type) => `'${type}'`).join(', ')
  return {
    rule: `!has(self.${property}) || self.type in [${list}]`,
    message: `${property} is only for type ${types.join(', ')}: remove it or change the type`,
    fieldPath: `.${property}`,
    reason: 'FieldValueForbidden',
  }
}

const numbers = ['integer', 'decimal', 'float']
const dates = ['date', 'time', 'timestamp']

const allowedByType: CelRule[] = [
  onlyFor('min', [...numbers, ...dates]),
  onlyFor('max', [...numbers, ...dates]),
  onlyFor('minLength', ['text', 'enum']),
  onlyFor('maxLength', ['text', 'enum']),
  onlyFor('pattern', ['text', 'enum']),
  onlyFor('format', ['text', 'enum']),
  onlyFor('precision', ['decimal']),
  onlyFor('scale', ['decimal']),
  onlyFor('values', ['enum']),
  onlyFor('patterns', dates),
  onlyFor('zone', ['timestamp']),
  onlyFor('decimalComma', numbers),
  onlyFor('trueWords', ['boolean']),
  onlyFor('falseWords', ['boolean']),
]

export const fieldRules: CelRule[] = [
  ...allowedByType,
  {
    rule: "!(self.name in ['_run', '_pos', '_extra', '_deleted_at'])",
    message: '_run, _pos, _extra and _deleted_at are columns that Headgate fills: choose another name and give the source’s in from',
    fieldPath: '.name',
  },
  {
    // What does not compile makes the evaluation fail, which refuses the object.
    rule: "!has(self.pattern) || ''.matches(self.pattern) in [true, false]",
    message: 'pattern must be a regular expression in the syntax of RE2: correct it',
    fieldPath: '.pattern',
  },
  {
    rule: "self.type != 'enum' || has(self.values)",
    message: 'type enum needs values: list the words allowed',
    fieldPath: '.values',
    reason: 'FieldValueRequired',
  },
  {
    rule: "!has(self.min) || !has(self.max) || !(self.type in ['integer', 'decimal', 'float']) || double(self.min) <= double(self.max)",
    message: 'min must be a number not above max: swap them or correct one',
    fieldPath: '.min',
  },
  {
    rule: '!has(self.minLength) || !has(self.maxLength) || self.minLength <= self.maxLength',
    message: 'minLength must not be above maxLength: swap them or correct one',
    fieldPath: '.minLength',
  },
  {
    rule: '!has(self.scale) || has(self.precision)',
    message: 'scale needs precision: declare the digits in all, too',
    fieldPath: '.precision',
    reason: 'FieldValueRequired',
  },
  {
    rule: '!has(self.scale) || !has(self.precision) || self.scale <= self.precision',
    message: 'scale must not be above precision: precision counts the digits on both sides of the point',
    fieldPath: '.scale',
  },
  {
    rule: "!has(self.outcome) || self.outcome != 'nullify' || (has(self.nullable) && self.nullable)",
    message: 'outcome nullify needs a field that may be null: add nullable: true or choose another outcome',
    fieldPath: '.outcome',
  },
  {
    rule: "!has(self.references) || !has(self.references.onMissing) || self.references.onMissing != 'nullify' || (has(self.nullable) && self.nullable)",
    message: 'references.onMissing nullify needs a field that may be null: add nullable: true or choose another onMissing',
    fieldPath: '.references.onMissing',
  },
  {
    rule: "!has(self.whenMissing) || self.whenMissing == 'reject' || (has(self.nullable) && self.nullable)",
    message:
      'whenMissing keep and nullify need a field that may be null: add nullable: true, or remove whenMissing, for a field that is not nullable must be there',
    fieldPath: '.whenMissing',
  },
]

export const schemaRules: CelRule[] = [
  {
    rule: '!has(self.primaryKey) || !self.primaryKey.exists(k, self.fields.exists(f, f.name == k && has(f.nullable) && f.nullable))',
    message: 'a field of primaryKey must not be nullable: remove its nullable or choose another key',
    fieldPath: '.primaryKey',
  },
  {
    rule: '!has(self.versionField) || has(self.primaryKey)',
    message: 'versionField compares records of one key: declare primaryKey, too',
    fieldPath: '.primaryKey',
    reason: 'FieldValueRequired',
  },
]

export const specRules: CelRule[] = [
  ...formatRules,
  // What transforms output is known when a run is planned.
  {
    rule: '!has(self.schema.primaryKey) || has(self.transform) || self.schema.primaryKey.all(k, self.schema.fields.exists(f, f.name == k))',
    message: 'primaryKey names a field that fields does not declare: declare it or correct the name',
    fieldPath: '.schema.primaryKey',
  },
  {
    rule: '!has(self.schema.versionField) || has(self.transform) || self.schema.fields.exists(f, f.name == self.schema.versionField)',
    message: 'versionField names a field that fields does not declare: declare it or correct the name',
    fieldPath: '.schema.versionField',
  },
  {
    rule:
      "!has(self.destination.postgres) || (has(self.destination.postgres.mode) && self.destination.postgres.mode in ['Append', " +
      "'Replace']) || has(self.schema.primaryKey)",
    message: 'modes Upsert (the default) and Snapshot need schema.primaryKey: declare the fields that identify a record, or set mode to Append or Replace',
    fieldPath: '.schema.primaryKey',
    reason: 'FieldValueRequired',
  },
  {
    rule:
      "!has(self.schema.missingFields) || self.schema.missingFields != 'keep' || (has(self.destination.postgres) && " +
      "(!has(self.destination.postgres.mode) || self.destination.postgres.mode != 'Replace'))",
    message: 'missingFields keep needs rows that stay: choose a mode of destination.postgres other than Replace, or set missingFields to reject or nullify',
    fieldPath: '.schema.missingFields',
  },
  {
    rule:
      "!self.schema.fields.exists(f, has(f.whenMissing) && f.whenMissing == 'keep') || (has(self.destination.postgres) && " +
      "(!has(self.destination.postgres.mode) || self.destination.postgres.mode != 'Replace'))",
    message: 'whenMissing keep needs rows that stay: choose a mode of destination.postgres other than Replace, or set whenMissing to reject or nullify',
    fieldPath: '.schema.fields',
  },
]
