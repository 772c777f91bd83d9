// What the API server cannot check: expressions, patterns, bounds and zones that only their own readers understand.
import type { Field, Rule } from '../../crds/fields.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { ambiguousSecrets, secretsOf, secretVariable } from '../../crds/secrets.ts'
import { closest } from '../../crds/suggest.ts'
import { bound } from '../../runner/validation/checks.ts'
import { compileExpression } from '../../runner/validation/expressions/expression.ts'
import { compileRules } from '../../runner/validation/rules.ts'
import { patternReader } from '../../runner/validation/types/date-patterns.ts'
import { fieldTypes } from '../../runner/validation/types/index.ts'
import { zoneReader } from '../../runner/validation/types/zones.ts'
import type { Finding, IsValid, Path } from './problem.ts'

/** The reason something throws, in one line; undefined if it does not. */
function reason(attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n', 1)[0]
  }
}

const tokens = ['yyyy', 'yy', 'MM', 'M', 'dd', 'd', 'HH', 'H', 'mm', 'ss', 'fraction', 'zone']

function datePattern(pattern: string, path: Path): Finding[] {
  const why = reason(() => patternReader([pattern]))
  if (why !== undefined) return [{ path, code: 'datePattern.invalid', message: `${pattern} has a part twice: keep one` }]
  const rest = pattern.replaceAll(/'[^']*'/g, ' ').replaceAll(/yyyy|yy|MM|dd|HH|mm|ss|fraction|zone|M|d|H/g, ' ')
  const stray = rest.match(/[A-Za-z]+/g)?.filter((word) => word !== 'T' && word !== 'Z') ?? []
  return stray.map((word) => ({
    path,
    severity: 'warning',
    code: 'datePattern.literal',
    message: `${word} in ${pattern} is read as literal text: use ${tokens.join(', ')}, or put it in single quotes if it is meant`,
  }))
}

function range(field: Field, path: Path): Finding[] {
  const { compare } = fieldTypes[field.type]
  if (compare === undefined || (field.zone !== undefined && zoneProblem(field.zone) !== undefined)) return []
  const sides = (['min', 'max'] as const).filter((side) => field[side] !== undefined)
  const findings = sides.flatMap((side): Finding[] => {
    const given = field[side]
    const place = { path: [...path, side], code: 'value.bound' }
    if (typeof given === 'number' && !Number.isSafeInteger(given))
      return [{ ...place, message: `${side} is beyond what a YAML number holds exactly: put it in quotes` }]
    return reason(() => bound(field, side)) === undefined ? [] : [{ ...place, message: `${side} ${given} is not a value of type ${field.type}: correct it` }]
  })
  const numeric = ['integer', 'decimal', 'float'].includes(field.type)
  if (findings.length > 0 || sides.length < 2 || numeric || compare(bound(field, 'min'), bound(field, 'max')) <= 0) return findings
  return [{ path: [...path, 'min'], code: 'value.bound', message: 'min must not be after max: swap them or correct one' }]
}

function zoneProblem(zone: string): string | undefined {
  return zone === 'reject' ? undefined : reason(() => zoneReader(zone))
}

function zone(field: Field, path: Path): Finding[] {
  if (field.zone === undefined || zoneProblem(field.zone) === undefined) return []
  const suggestion = closest(field.zone, ['UTC', 'reject', ...Intl.supportedValuesOf('timeZone')])
  const message = `no zone is called ${field.zone}: use UTC, an IANA name such as Europe/Berlin, or reject`
  return [{ path: [...path, 'zone'], code: 'zone.unknown', message, ...(suggestion === undefined ? {} : { suggestion }) }]
}

function bytesOf(name: unknown, path: Path): Finding[] {
  if (typeof name !== 'string' || Buffer.byteLength(name) <= 63) return []
  return [{ path, code: 'name.tooLong', message: `${name} has ${Buffer.byteLength(name)} bytes and PostgreSQL would cut it: at most 63` }]
}

function checkField(field: Field, path: Path): Finding[] {
  const { pattern } = field
  const why = pattern === undefined ? undefined : reason(() => compileExpression(pattern))
  const expression: Finding[] =
    why === undefined ? [] : [{ path: [...path, 'pattern'], code: 'pattern.invalid', message: `the pattern does not compile: ${why}` }]
  const dates = (field.patterns ?? []).flatMap((item, index) => datePattern(item, [...path, 'patterns', index]))
  return [...expression, ...dates, ...range(field, path), ...zone(field, path), ...bytesOf(field.name, [...path, 'name'])]
}

function checkRule(rule: Rule, fields: Field[], path: Path): Finding[] {
  const why = reason(() => compileRules({ fields, rules: [rule] }))
  if (why === undefined) return []
  const said = why.replace(`rule ${rule.name}: `, '').replace(`; correct its expression: ${rule.expression.split('\n', 1)[0]}`, '')
  const suggestion = /did you mean (record\.\S+)\?$/.exec(said)?.[1]
  const message = `${said}${suggestion === undefined ? ': correct the expression' : ''}`
  return [{ path: [...path, 'expression'], code: 'expression.invalid', message, ...(suggestion === undefined ? {} : { suggestion }) }]
}

function checkSecrets(spec: Pipeline['spec']): Finding[] {
  const [one, other] = ambiguousSecrets(secretsOf(spec)) ?? []
  if (one === undefined || other === undefined) return []
  const message = `the secrets ${one.name}/${one.key} and ${other.name}/${other.key} have the same variable, ${secretVariable(one)}: rename a key`
  return [{ path: ['spec'], code: 'secrets.ambiguous', message }]
}

/** Checks those parts of a pipeline whose shape is right. */
export function checkContents(pipeline: Pipeline, isValid: IsValid): Finding[] {
  const at: Path = ['spec', 'schema']
  const each = <Item>(name: string, items: readonly Item[] | undefined, check: (item: Item, path: Path) => Finding[]) =>
    Array.isArray(items) ? items.flatMap((item, index) => (isValid([...at, name, index]) ? check(item, [...at, name, index]) : [])) : []
  const schema = pipeline?.spec?.schema
  const findings = each('fields', schema?.fields, checkField)
  const table = pipeline?.spec?.destination?.postgres?.table
  if (typeof table === 'string') findings.push(...table.split('.').flatMap((part) => bytesOf(part, ['spec', 'destination', 'postgres', 'table'])))
  const withPlugins = ['source', 'validators', 'transform', 'destination']
  if (pipeline?.spec && withPlugins.every((part) => isValid(['spec', part]))) findings.push(...checkSecrets(pipeline.spec))
  const declared = Array.isArray(schema?.fields) ? schema.fields.filter((field) => typeof field?.name === 'string') : []
  return [...findings, ...each('rules', schema?.rules, (rule, path) => checkRule(rule, declared, path))]
}
