// The pipelines of the canary test: sensitive fields of every type and check, and rules that fail in every way over one of them.

/** Sensitive fields, by name. `s_rule` is what the rules read. */
const secrets: Record<string, string> = {
  s_text: 'type: text, maxLength: 3',
  s_long: 'type: text, minLength: 50',
  s_pattern: 'type: text, pattern: "^(a|b)+$"',
  s_email: 'type: text, format: email',
  s_uri: 'type: text, format: uri',
  s_host: 'type: text, format: hostname',
  s_integer: 'type: integer, min: 5',
  s_decimal: 'type: decimal, precision: 4, scale: 1',
  s_float: 'type: float',
  s_boolean: 'type: boolean',
  s_date: 'type: date',
  s_time: 'type: time',
  s_at: 'type: timestamp',
  s_uuid: 'type: uuid',
  s_json: 'type: json',
  s_enum: 'type: enum, values: [x]',
  s_order: 'type: text, references: {table: parents, column: id}',
  s_parked: 'type: text, references: {table: parents, column: id, onMissing: park}',
  s_warned: 'type: text, references: {table: parents, column: id, onMissing: warn}',
  s_warn: 'type: integer, outcome: warn',
  s_null: 'type: text, pattern: "^x$", outcome: nullify',
  s_made: 'type: integer',
  s_rule: 'type: text, from: Rule',
}

/** The source's names of the fields that each record fails in, one after another. */
export const failing = Object.keys(secrets).map((name) => (name === 's_rule' ? 'Rule' : name))

const rules: Record<string, string> = {
  micros: 'micros(instant(record.s_rule)) > 0',
  json: 'json(record.s_rule).a',
  int: 'int(record.s_rule) > 0',
  match: '"a".matches("(" + record.s_rule)',
  duration: 'duration(record.s_rule) > duration("1s")',
  untrue: 'record.s_rule == "x"',
  key: '{"a": true}[record.s_rule]',
  whole: 'record[record.s_rule]',
  warn: 'bool(record.s_rule)',
}

export const rejectingRules = Object.keys(rules).filter((name) => name !== 'warn')

export type Shape = {
  /** Whether the fields are declared at all, and as sensitive. */
  secrets: 'sensitive' | 'open' | 'none'
  unknownFields?: string
  plugins?: string[]
  table?: string
}

export function manifest(name: string, { secrets: how, unknownFields = 'ignore', plugins = [], table = name }: Shape): string {
  const sensitive = how === 'sensitive'
  const fields =
    how === 'none' ? [] : Object.entries(secrets).map(([field, declared]) => `    - {name: ${field}, nullable: true, sensitive: ${sensitive}, ${declared}}`)
  const outcome = (rule: string) => (rule === 'warn' ? 'warn' : 'reject')
  const checks = Object.entries(rules).map(([rule, said]) => `    - {name: ${rule}, outcome: ${outcome(rule)}, expression: 'record.s_rule == null || ${said}'}`)
  return [
    'apiVersion: headgate.dev/v1alpha1',
    'kind: Pipeline',
    `metadata: {name: ${name}}`,
    'spec:',
    `  source: {files: {paths: [${name}.csv]}}`,
    '  format: {csv: {}}',
    '  retry: {limit: 1, backoff: {initial: 1ms}}',
    ...plugins.map((plugin) => `  ${plugin}`),
    '  schema:',
    `    unknownFields: ${unknownFields}`,
    '    primaryKey: [id]',
    '    fields:',
    '    - {name: id, type: text, sensitive: true}',
    '    - {name: note, type: text, nullable: true}',
    ...fields,
    ...(how === 'none' ? [] : ['    rules:', ...checks]),
    `  destination: {postgres: {table: ${table}, createTable: true}}`,
    '',
  ].join('\n')
}

/** A validator that quotes the value of a sensitive field wherever it can, and a transformer that makes it the value of another. */
export function quotingPlugins(sdk: string): string {
  return `import { HeadgateError, RecordTransformer, RecordValidator } from ${JSON.stringify(sdk)}
export class Quoting extends RecordValidator {
  check(record, report) {
    const value = record.Rule || record.id
    report.warn({ code: 'seen', message: 'saw ' + value, value })
    if (record.note !== 'validate') return
    report.reject({ field: 's_rule', code: 'quoting', message: 'is ' + value, value })
    report.reject({ code: 'quoting.' + value, message: 'the record has ' + value.toUpperCase(), value: value.toUpperCase() })
    report.reject({ field: 'note', code: 'quoting', message: 'beside ' + value, value })
    report.reject({ field: value, code: 'quoting', message: 'undeclared' })
  }
}
export class Making extends RecordTransformer {
  map(record) {
    return record.note === 'transform' ? { ...record, s_made: record.id } : record
  }
}
export class Throwing extends RecordTransformer {
  map(record) { throw new TypeError('cannot read ' + record.id) }
}
export class Refusing extends RecordValidator {
  check(record) { throw new HeadgateError('ValidatorFailed', 'no answer about ' + record.id, { retryable: true }) }
}
export class Parsing extends RecordTransformer {
  map(record) { return JSON.parse(record.id) }
}
`
}
