// The declared schema of a Pipeline: fields, their types, checks and references.
import Type, { type Static } from 'typebox'
import { tableNotReserved } from './reserved-schemas.ts'
import { fieldRules, schemaRules } from './rules.ts'
import { bound, boundedList, boundedSet, closed, identifier, labelName, namedList, oneOf, tableName, text } from './shapes.ts'

export const FieldType = oneOf(
  ['text', 'integer', 'decimal', 'float', 'boolean', 'date', 'time', 'timestamp', 'uuid', 'json', 'enum'],
  'Type of the value. integer is 64 bits wide, decimal exact, float 64-bit floating point, timestamp a moment in time.',
)

/** What happens to a record, or to the field, when a check fails. */
export const Outcome = oneOf(
  ['reject', 'warn', 'nullify'],
  'What a failed check does: reject quarantines the record; warn counts, lists and loads it; nullify loads it with this field set ' +
    'to null. A value that is not of the type cannot be loaded and is rejected under warn. Default: reject.',
)

const Reference = Type.Object(
  {
    table: tableName('Table that holds the parents, schema.table; public without a schema. Not one of a reserved schema.'),
    column: identifier('Column of that table.'),
    onMissing: Type.Optional(
      oneOf(
        ['quarantine', 'park', 'warn', 'nullify'],
        'What happens when there is no parent: the record is quarantined, parked until the parent arrives, loaded with a warning, ' +
          'or loaded with this field set to null. Default: quarantine.',
      ),
    ),
  },
  closed('The value must be in this column of this table of the destination database; null is always allowed by it.', [tableNotReserved]),
)

/** What happens to a declared field that the source's header does not have. */
const WhenMissing = ['keep', 'reject', 'nullify'] as const

const checks = {
  min: Type.Optional(bound('Smallest value allowed: a whole number; everything else in quotes, such as "0.05" or "2000-01-01".')),
  max: Type.Optional(bound('Largest value allowed, written like min.')),
  minLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 10485760, description: 'Fewest characters allowed.' })),
  maxLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 10485760, description: 'Most characters allowed.' })),
  pattern: Type.Optional(text('Regular expression in the syntax of RE2 that the text must match somewhere; anchor it with ^ and $.', 1024)),
  format: Type.Optional(oneOf(['email', 'uri', 'hostname', 'ipv4', 'ipv6'], 'Well-known form of the text.')),
  values: Type.Optional(boundedSet(Type.String({ maxLength: 255 }), 1000, 'The words allowed, exactly as written; for type enum.')),
  precision: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Digits in all; for type decimal. Default: any number.' })),
  scale: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1000, description: 'Digits after the point; for type decimal. Default: 0 with a precision, else any number.' }),
  ),
  outcome: Type.Optional(Outcome),
  references: Type.Optional(Reference),
}

const notation = {
  nullTokens: Type.Optional(boundedSet(Type.String({ maxLength: 64 }), 32, 'Words that mean null in this field, in addition to those of the format.')),
  trim: Type.Optional(Type.Boolean({ description: 'Whether spaces and tabs around the value are dropped before anything else. Default: false.' })),
  decimalComma: Type.Optional(
    Type.Boolean({ description: 'Whether numbers are written 1.234,56 or 1234,56. Default: false, which is 1234.56, without thousands separators.' }),
  ),
  patterns: Type.Optional(
    boundedList(
      Type.String({ minLength: 1, maxLength: 64 }),
      8,
      'How dates and times are written, tried in order: yyyy, yy, MM, dd, HH, mm, ss, fraction, zone and literal text. Default: ISO 8601.',
    ),
  ),
  zone: Type.Optional(text('Zone of timestamps written without one: UTC, an IANA name such as Europe/Berlin, or reject. Default: reject.', 64)),
  trueWords: Type.Optional(boundedSet(Type.String({ maxLength: 32 }), 16, 'Words for true, in any case. Default: true, t, yes, y, on, 1.')),
  falseWords: Type.Optional(boundedSet(Type.String({ maxLength: 32 }), 16, 'Words for false, in any case. Default: false, f, no, n, off, 0.')),
}

export const Field = Type.Object(
  {
    name: identifier('Column in the destination, and the name that rules and transforms use.'),
    type: FieldType,
    from: Type.Optional(text('Name of the field in the source, where it is another. Default: name.', 255)),
    nullable: Type.Optional(Type.Boolean({ description: 'Whether there may be no value. Default: false.' })),
    whenMissing: Type.Optional(
      oneOf(
        WhenMissing,
        'What happens if the source does not have this nullable field: keep leaves the values of existing rows as they are, and a new row ' +
          "gets null or the column's default; reject fails the run before anything is loaded; nullify loads null. Default: schema.missingFields.",
      ),
    ),
    sensitive: Type.Optional(Type.Boolean({ description: 'Whether the value is masked in everything people see outside the store. Default: false.' })),
    ...checks,
    ...notation,
  },
  closed('A field of the record.', fieldRules),
)

export const Rule = Type.Object(
  {
    name: labelName('Name of the rule, in lower case with hyphens; part of the error code rule.<name>.', 63),
    expression: text(
      'CEL over record, such as record.paid_at == null || record.paid_at >= record.ordered_at; true means fine. A record whose ' +
        'rule fails to evaluate fails the rule.',
      2048,
    ),
    message: Type.Optional(text('What to tell people when it is not true. Default: the expression.', 512)),
    outcome: Type.Optional(oneOf(['reject', 'warn'], 'What a broken rule does. Default: reject.')),
  },
  closed('A check across fields.'),
)

export const Schema = Type.Object(
  {
    primaryKey: Type.Optional(boundedSet(identifier('A declared field.'), 16, 'Fields that identify a record. Needed by Upsert and Snapshot.')),
    versionField: Type.Optional(
      identifier(
        'Field whose larger value is the newer version of a record; a newer one never loses to an older one. Default: the later record in source order wins.',
      ),
    ),
    unknownFields: Type.Optional(
      oneOf(
        ['ignore', 'capture', 'reject'],
        'Fields of the source that are not declared: left out, kept in the column _extra, or reason to fail the run. Default: ignore.',
      ),
    ),
    missingFields: Type.Optional(
      oneOf(
        WhenMissing,
        'Nullable fields that the source does not have, unless they say otherwise in whenMissing. Default: keep in modes Upsert and Snapshot ' +
          'without a transform, else nullify with a warning. A field that is not nullable must be there.',
      ),
    ),
    fields: namedList(Field, 1600, 'The declared fields; their order is that of the columns where the source has no header.'),
    rules: Type.Optional(namedList(Rule, 64, 'Checks across fields.')),
  },
  closed('What a valid record looks like.', schemaRules),
)

export type Field = Static<typeof Field>
export type Rule = Static<typeof Rule>
export type Schema = Static<typeof Schema>
export type Outcome = Static<typeof Outcome>

/** What the source calls the field. */
export function sourceName(field: Pick<Field, 'from' | 'name'>): string {
  return field.from ?? field.name
}
