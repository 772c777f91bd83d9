// The declared schema of a Pipeline: fields, their types, checks and references.
import Type, { type Static } from 'typebox'
import { boundedList, identifier, oneOf, text } from './shapes.ts'

export const FieldType = oneOf(['text', 'integer', 'decimal', 'float', 'boolean', 'date', 'time', 'timestamp', 'uuid', 'json', 'enum'], 'Type of the value.')

/** What happens to a record, or to the field, when a check fails. */
export const Outcome = oneOf(['reject', 'warn', 'nullify'], 'What a failed check does: reject quarantines the record (default), warn counts and loads it, nullify loads it with this field set to null.')

const Reference = Type.Object(
  {
    table: text('Table that holds the parents, schema.table.', 127),
    column: identifier('Column of that table.'),
    onMissing: Type.Optional(oneOf(['quarantine', 'park', 'warn', 'nullify'], 'What happens when there is no parent. Default: quarantine.')),
  },
  { additionalProperties: false, description: 'The value must be in this column of this table of the destination database; null is always allowed by it.' },
)

export const Field = Type.Object(
  {
    name: identifier('Column in the destination, and the name that rules and transforms use.'),
    type: FieldType,
    from: Type.Optional(text('Name of the field in the source, where it is another.', 255)),
    nullable: Type.Optional(Type.Boolean({ description: 'Whether there may be no value. Default: false.' })),
    sensitive: Type.Optional(Type.Boolean({ description: 'Whether the value is masked in everything people see outside the store.' })),
    min: Type.Optional(Type.Union([Type.Number(), Type.String({ maxLength: 64 })], { description: 'Smallest value allowed: a number; a date, time or timestamp in quotes.' })),
    max: Type.Optional(Type.Union([Type.Number(), Type.String({ maxLength: 64 })], { description: 'Largest value allowed.' })),
    minLength: Type.Optional(Type.Integer({ minimum: 0, description: 'Fewest characters allowed.' })),
    maxLength: Type.Optional(Type.Integer({ minimum: 0, description: 'Most characters allowed.' })),
    pattern: Type.Optional(text('Regular expression (JavaScript, unicode) that the text must match somewhere; anchor it with ^ and $.', 1024)),
    format: Type.Optional(oneOf(['email', 'uri', 'hostname', 'ipv4', 'ipv6'], 'Well-known form of the text.')),
    values: Type.Optional(boundedList(Type.String({ maxLength: 255 }), 1000, 'The words allowed; for type enum.')),
    precision: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Digits in all; for type decimal.' })),
    scale: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, description: 'Digits after the point; for type decimal. Default: 0 with a precision.' })),
    nullTokens: Type.Optional(boundedList(Type.String({ maxLength: 64 }), 32, 'Words that mean null, instead of those of the format.')),
    trim: Type.Optional(Type.Boolean({ description: 'Whether spaces and tabs around the value are dropped before anything else.' })),
    decimalComma: Type.Optional(Type.Boolean({ description: 'Whether numbers are written 1.234,56 instead of 1,234.56 or 1234.56.' })),
    patterns: Type.Optional(boundedList(Type.String({ maxLength: 64 }), 8, 'How dates and times are written, tried in order: yyyy, yy, MM, dd, HH, mm, ss, fraction, zone and literal text. Default: ISO 8601.')),
    zone: Type.Optional(text('Zone of timestamps written without one: UTC, an IANA name, or "reject". Default: reject.', 64)),
    trueWords: Type.Optional(boundedList(Type.String({ maxLength: 32 }), 16, 'Words for true. Default: true, t, yes, y, on, 1 in any case.')),
    falseWords: Type.Optional(boundedList(Type.String({ maxLength: 32 }), 16, 'Words for false. Default: false, f, no, n, off, 0 in any case.')),
    outcome: Type.Optional(Outcome),
    references: Type.Optional(Reference),
  },
  { additionalProperties: false, description: 'A field of the record.' },
)

export const Rule = Type.Object(
  {
    name: Type.String({ maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', description: 'Name of the rule; part of the error code rule.<name>.' }),
    expression: text('CEL over `record`; true means fine. A record whose rule fails to evaluate fails the rule.', 2048),
    message: Type.Optional(text('What to tell people when it is not true.', 512)),
    outcome: Type.Optional(oneOf(['reject', 'warn'], 'What a broken rule does. Default: reject.')),
  },
  { additionalProperties: false, description: 'A check across fields.' },
)

export const Schema = Type.Object(
  {
    primaryKey: Type.Optional(boundedList(identifier('A declared field.'), 16, 'Fields that identify a record. Needed by Upsert and Snapshot.')),
    versionField: Type.Optional(identifier('Field whose larger value is the newer version of a record; a newer one never loses to an older one.')),
    onDuplicate: Type.Optional(oneOf(['supersede', 'quarantine'], 'A key that comes twice in one batch: the later wins and the earlier counts as superseded (default), or the earlier is quarantined.')),
    unknownFields: Type.Optional(oneOf(['ignore', 'capture', 'reject'], 'Fields of the source that are not declared: left out (default), kept in the column _extra, or reason to fail the run.')),
    fields: boundedList(Field, 1600, 'The declared fields.'),
    rules: Type.Optional(boundedList(Rule, 64, 'Checks across fields.')),
  },
  { additionalProperties: false, description: 'What a valid record looks like.' },
)

export type Field = Static<typeof Field>
export type Rule = Static<typeof Rule>
export type Schema = Static<typeof Schema>
export type Outcome = Static<typeof Outcome>
