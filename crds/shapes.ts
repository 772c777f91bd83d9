// Small bounded shapes that every definition uses: the API server wants a bound on each list and string.
import Type, { type TSchema } from 'typebox'

/** A rule across fields, in CEL over `self`, checked by the API server and by `headgate check` alike. */
export type CelRule = {
  rule: string
  /** What is wrong and what to do; one line. */
  message: string
  /** Where the problem is shown, below the object that holds the rule, such as `.primaryKey`. */
  fieldPath?: string
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
}

/** Whether a rule compares with the previous object, which only the API server has. */
export function isTransition(rule: CelRule): boolean {
  return rule.rule.includes('oldSelf')
}

/** Options of an object that takes no fields but the declared ones. */
export function closed(description: string, rules: readonly CelRule[] = []) {
  const base = { additionalProperties: false, description }
  return rules.length === 0 ? base : { ...base, 'x-kubernetes-validations': [...rules] }
}

/** A string of at most `maxLength` characters. */
export function text(description: string, maxLength: number) {
  return Type.String({ description, minLength: 1, maxLength })
}

/** A single character, or none. */
export function character(description: string) {
  return Type.String({ description, maxLength: 1 })
}

/**
 * A string of a certain form; `form` says in one line how to write it. The API server would quote the expression instead, so
 * there it becomes a rule with these words (structural.ts).
 */
export function formed(description: string, { pattern, form, maxLength }: { pattern: string; form: string; maxLength: number }) {
  return Type.String({ description, minLength: 1, maxLength, pattern, 'x-headgate-form': form })
}

/** A name that PostgreSQL accepts in quotes without truncation: at most 63 bytes, no control characters, no double quote. */
export function identifier(description: string) {
  return formed(description, { pattern: '^[^\\x00-\\x1f"]+$', form: 'leave out control characters and double quotes', maxLength: 63 })
}

/** A table, with or without its schema. */
export function tableName(description: string) {
  const part = '[^.\\x00-\\x1f"]{1,63}'
  return formed(description, { pattern: `^${part}([.]${part})?$`, form: 'write schema.table, or table alone if it is in public', maxLength: 127 })
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(words: Words, description: string) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: [...words], description })
}

/** A list of 1 to `maxItems`, in which order matters. */
export function boundedList<Item extends TSchema>(item: Item, maxItems: number, description: string) {
  return Type.Array(item, { description, minItems: 1, maxItems, 'x-kubernetes-list-type': 'atomic' })
}

/** A list of 1 to `maxItems` different strings. */
export function boundedSet<Item extends TSchema>(item: Item, maxItems: number, description: string) {
  return Type.Array(item, { description, minItems: 1, maxItems, 'x-kubernetes-list-type': 'set' })
}

/** A list of 1 to `maxItems` objects, each with a `name` of its own. */
export function namedList<Item extends TSchema>(item: Item, maxItems: number, description: string) {
  return Type.Array(item, { description, minItems: 1, maxItems, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
}

/** A bound of a range: a whole number, or text. Kubernetes APIs avoid floating point, so decimals are quoted. */
export function bound(description: string) {
  return Type.Unsafe<number | string>({
    anyOf: [{ type: 'integer' }, { type: 'string', minLength: 1, maxLength: 64 }],
    'x-kubernetes-int-or-string': true,
    maxLength: 64,
    description,
  })
}

/** A length of time such as 500ms, 30s, 5m, 2h, 90d. */
export function duration(description: string) {
  return formed(description, { pattern: '^[0-9]+(ms|s|m|h|d)$', form: 'write a whole number and a unit, such as 500ms, 30s, 5m, 2h or 90d', maxLength: 16 })
}

/** A length of time of at least a second: 30s, 5m, 2h, 90d. */
export function period(description: string) {
  return formed(description, { pattern: '^[1-9][0-9]{0,5}[smhd]$', form: 'write a whole number and a unit, such as 30s, 5m, 2h or 90d', maxLength: 16 })
}

/** An amount of CPU or memory: a whole number, or text such as 500m or 2Gi. */
export function quantity(description: string) {
  return Type.Unsafe<number | string>({
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', minLength: 1, maxLength: 24 },
    ],
    'x-kubernetes-int-or-string': true,
    maxLength: 24,
    description,
  })
}

/** A word of a status, or another text that may be empty. */
export function word(description: string, maxLength: number) {
  return Type.String({ description, maxLength })
}

/** A count, from 0. */
export function counter(description: string) {
  return Type.Integer({ description, minimum: 0 })
}

/** A moment as Kubernetes writes it: RFC 3339. */
export function moment(description: string) {
  return Type.String({ description, format: 'date-time', maxLength: 40 })
}

/** The name of another object in the same namespace. */
export function objectName(description: string, maxLength = 253) {
  return formed(description, { pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', form: 'use lower case letters, digits, hyphens and dots', maxLength })
}

/** A name without dots, as host names and labels need it. */
export function labelName(description: string, maxLength: number) {
  return formed(description, { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', form: 'use lower case letters, digits and hyphens', maxLength })
}

/** A map from names to strings. */
export function stringMap(description: string, options: { maxEntries: number; maxLength: number }, rules: readonly CelRule[] = []) {
  const value = Type.String({ maxLength: options.maxLength })
  const bounds = { description, maxProperties: options.maxEntries, ...(rules.length > 0 ? { 'x-kubernetes-validations': [...rules] } : {}) }
  return Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: value, ...bounds })
}

/** A share between 0 and 1 in quotes, such as "0.05": Kubernetes APIs avoid floating point. */
export function ratio(description: string) {
  return formed(description, { pattern: '^(0([.][0-9]+)?|1([.]0+)?)$', form: 'write a number between 0 and 1 in quotes, such as "0.05"', maxLength: 16 })
}
