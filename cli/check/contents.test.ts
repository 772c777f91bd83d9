import { expect, test } from 'vitest'
import { type Case, spoiled, testCases, validManifest } from './cases.support.ts'

const field = '{name: changed, type: timestamp, zone: UTC, patterns: [yyyy-MM-dd HH:mm]}'
const fields = 'spec.schema.fields'
const rule = 'spec.schema.rules[0].expression'
const expression = '"record.amount != null"'

const cases: Case[] = [
  [expression, '"record.amonut != null"', '"record', rule, 'record.amonut is not a declared field; did you mean record.amount?'],
  [expression, '"record.amount !="', '"record', rule, 'correct the expression'],
  [expression, '"1 + 2"', '"1 + 2"', rule, 'not bool'],
  ['minLength: 3', 'pattern: "[a"', '"[a"', `${fields}[1].pattern`, 'the pattern does not compile'],
  ['[yyyy-MM-dd HH:mm]', '[DD.MM.yyyy]', 'DD.MM', `${fields}[4].patterns[0]`, 'DD in DD.MM.yyyy is read as literal text'],
  ['[yyyy-MM-dd HH:mm]', '[yyyy-MM-MM]', 'yyyy-MM-MM', `${fields}[4].patterns[0]`, 'has a part twice'],
  ['zone: UTC', 'zone: Europe/Berln', 'Europe/Berln', `${fields}[4].zone`, 'no zone is called Europe/Berln'],
  ['encoding: utf-8', 'encoding: latn1', 'latn1', 'spec.format.csv.encoding', 'no encoding is called latn1'],
  [field, '{name: changed, type: date, min: 2020-02-30}', '2020-02-30', `${fields}[4].min`, 'min 2020-02-30 is not a value of type date'],
  [field, '{name: changed, type: date, min: "2020-02-02", max: "2020-01-01"}', '"2020-02-02"', `${fields}[4].min`, 'min must not be after max'],
  ['max: 9}', 'max: 9223372036854775807}', '9223372036854775807', `${fields}[0].max`, 'put it in quotes'],
  ['max: 9}', 'max: nine}', 'nine', `${fields}[0].max`, 'max nine is not a value of type integer'],
  ['name: email', 'name: ééééééééééééééééééééééééééééééééé', 'é', `${fields}[1].name`, 'has 66 bytes'],
  ['[command.ts]', '[comand.ts]', 'comand.ts', 'spec.source.files.paths[0]', 'there is no file comand.ts now'],
  ['[command.ts]', '["{{ run.dat }}.csv"]', '"{{', 'spec.source.files.paths[0]', 'there is no placeholder {{ run.dat }}'],
  ['[command.ts]', '["{{ params.day }.csv"]', '"{{', 'spec.source.files.paths[0]', 'is not closed'],
  ['[command.ts]', '["*.csv"]', '"*.csv"', 'spec.source.files.paths[0]', '*.csv matches no file now'],
  ['  retry:', '  validators: [{plugin: {module: ./comand.ts}}]\n  retry:', './comand.ts', 'spec.validators[0].plugin.module', 'there is no file ./comand.ts'],
  [
    '  retry:',
    '  transform: [{plugin: {module: not-installed}}]\n  retry:',
    'not-installed',
    'spec.transform[0].plugin.module',
    'write ./not-installed if it is a file',
  ],
  [
    '  retry:',
    '  validators: [{plugin: {module: ./command.ts, secrets: [{name: a-b, key: c}, {name: a, key: b-c}]}}]\n  retry:',
    'source:',
    'spec',
    'have the same variable, HEADGATE_SECRET_A_B_C: rename a key',
  ],
  ['values: [small, large]', 'values: [NO, large]', 'NO', `${fields}[3].values[0]`, 'NO without quotes is a boolean to kubectl'],
  ['kind: Pipeline', 'kind: Pipeline\nkind: Pipeline', 'kind', '', 'this key is here twice'],
  ['  name: orders', '\tname: orders', '', '', 'a tab cannot indent YAML'],
  ['  name: orders', '  name: "orders', '', '', 'not valid YAML'],
  ['minLength: 3', 'pattern: (?!x)a', '(?!x)a', `${fields}[1].pattern`, 'RE2 has no lookahead'],
  [expression, '\'record.amount == 1.0 || "a".matches("(?!x)a")\'', "'record", rule, 'RE2 has no lookahead'],
  ['[command.ts]', '["[z-a].csv"]', '"[z-a]', 'spec.source.files.paths[0]', 'the glob [z-a].csv is none'],
  ['[command.ts]', '["*a*a*a*a*a*a*a*a*b"]', '"*a', 'spec.source.files.paths[0]', 'matches no file now'],
]

testCases(cases)

test('a field of the key that only a transform can make is noted, and the run decides', () => {
  const { problems } = spoiled(
    validManifest,
    validManifest.replace('[id]', '[id, place]').replace('  retry:', '  transform: [{plugin: {module: ./command.ts}}]\n  retry:'),
  )
  expect(problems).toMatchObject([{ code: 'transform.output', severity: 'note', path: 'spec.schema.primaryKey[1]' }])
})

test('a similar name is suggested for a typing error', () => {
  const suggestions = cases.slice(6, 8).map(([find, replacement]) => spoiled(find, replacement).problems[0]?.suggestion)
  expect(suggestions).toEqual(['Europe/Berlin', 'latin1'])
  expect(spoiled('[command.ts]', '[comand.ts]').problems[0]).toMatchObject({ suggestion: 'command.ts', severity: 'warning' })
})

test('one malformed field does not hide errors of others', () => {
  const { problems } = spoiled(validManifest, validManifest.replace('type: integer', 'type: integr').replace('zone: UTC', 'zone: Mars'))
  expect(problems.map((problem) => problem.code)).toEqual(['value.enum', 'zone.unknown'])
})

test.each([
  ['{{ run.dat }}', '{{ run.date }}'],
  ['{{ interval.day }}', '{{ interval.date }}'],
  ['{{ region }}', '{{ params.region }}'],
  ['{{ param.region }}', '{{ params.region }}'],
  ['{{ something else }}', undefined],
])('For the placeholder %s it suggests %s', (written, suggestion) => {
  const { problems } = spoiled('[command.ts]', `["${written}.csv"]`)
  expect(problems).toMatchObject([{ code: 'placeholder.invalid', severity: 'error' }])
  expect(problems[0]?.suggestion).toBe(suggestion)
})

test('A path with placeholders is not searched, because its files depend on the run', () => {
  expect(spoiled('[command.ts]', '["{{ params.region }}/none.csv", "{{ interval.date }}/*.none"]').problems).toEqual([])
})
