import { expect, test } from 'vitest'
import { type Case, spoiled, testCases } from './cases.support.ts'

const id = '{name: id, type: integer, min: 1, max: 9}'
const fields = 'spec.schema.fields'

const cases: Case[] = [
  ['files: {paths: [command.ts]}', '{}', '{}', 'spec.source', 'source needs exactly one kind: declare one of files, plugin'],
  ['    files: {', '    plugin: {module: ./command.ts}\n    files: {', 'plugin', 'spec.source', 'exactly one kind'],
  ['  format:\n    csv: {delimiter: ";", encoding: utf-8}\n', '', 'spec', 'spec.format', 'source.files needs a format'],
  ['files: {paths: [command.ts]}', 'plugin: {module: ./command.ts}', 'csv', 'spec.format', 'remove format'],
  ['csv: {delimiter: ";", encoding: utf-8}', '{}', '{}', 'spec.format', 'format needs exactly one kind: declare one of csv, json'],
  ['postgres: {table: sales.orders, mode: Upsert}', '{}', '{}', 'spec.destination', 'destination needs exactly one kind'],
  ['primaryKey: [id]', 'primaryKey: [id, nr]', 'nr]', 'spec.schema.primaryKey[1]', 'names a field that fields does not declare'],
  ['primaryKey: [id]', 'primaryKey: [email]', 'email]', 'spec.schema.primaryKey[0]', 'must not be nullable'],
  ['primaryKey: [id]', 'primaryKey: [id, id]', 'id]', 'spec.schema.primaryKey[1]', 'id is in primaryKey already, as item 1'],
  ['versionField: changed', 'versionField: change', 'change', 'spec.schema.versionField', 'versionField names a field'],
  ['    primaryKey: [id]\n', '', 'schema', 'spec.schema.primaryKey', 'modes Upsert (the default) and Snapshot need schema.primaryKey'],
  ['    primaryKey: [id]\n', '', 'schema', 'spec.schema.primaryKey', 'versionField compares records of one key'],
  ['mode: Upsert', 'mode: Replace, publish: PerBatch', 'PerBatch', 'spec.destination.postgres.publish', 'Replace and Snapshot become visible all at once'],
  ['mode: Upsert', 'mode: Upsert, onMissing: Mark', 'Mark', 'spec.destination.postgres.onMissing', 'only for mode Snapshot'],
  [id, '{name: id, type: integer, min: 9, max: 1}', '9, max', `${fields}[0].min`, 'not above max'],
  [id, '{name: id, type: decimal, min: "10.5", max: "9.5"}', '"10.5"', `${fields}[0].min`, 'not above max'],
  ['minLength: 3', 'minLength: 99', '99', `${fields}[1].minLength`, 'must not be above maxLength'],
  ['scale: 2', 'scale: 13', '13', `${fields}[2].scale`, 'must not be above precision'],
  ['precision: 12, ', '', '{name: amount', `${fields}[2].precision`, 'scale needs precision'],
  ['type: enum, values: [small, large]', 'type: enum', '{name: kind', `${fields}[3].values`, 'type enum needs values'],
  ['type: enum', 'type: text', '[small', `${fields}[3].values`, 'only for type enum'],
  ['values: [small, large]', 'values: [small, small]', 'small]', `${fields}[3].values[1]`, 'small is in values already'],
  ['type: decimal', 'type: float', '12', `${fields}[2].precision`, 'only for type decimal'],
  ['type: decimal', 'type: float', '2}', `${fields}[2].scale`, 'only for type decimal'],
  ['min: 1, max: 9', 'pattern: a', 'a}', `${fields}[0].pattern`, 'only for type text, enum'],
  ['min: 1, max: 9', 'format: email', 'email}', `${fields}[0].format`, 'only for type text, enum'],
  ['min: 1, max: 9', 'minLength: 1', '1}', `${fields}[0].minLength`, 'only for type text, enum'],
  ['minLength: 3', 'min: 3', '3', `${fields}[1].min`, 'min is only for type integer'],
  ['min: 1, max: 9', 'zone: UTC', 'UTC}', `${fields}[0].zone`, 'only for type timestamp'],
  ['min: 1, max: 9', 'patterns: [yyyy]', '[yyyy]', `${fields}[0].patterns`, 'only for type date, time, timestamp'],
  ['minLength: 3', 'decimalComma: true', 'true', `${fields}[1].decimalComma`, 'only for type integer, decimal, float'],
  ['minLength: 3', 'trueWords: [ja]', '[ja]', `${fields}[1].trueWords`, 'only for type boolean'],
  ['scale: 2', 'scale: 2, outcome: nullify', 'nullify', `${fields}[2].outcome`, 'add nullable: true'],
  ['column: code', 'column: code, onMissing: nullify', 'nullify', `${fields}[5].references.onMissing`, 'add nullable: true'],
  ['name: email', 'name: _run', '_run', `${fields}[1].name`, 'columns that Headgate fills'],
  ['name: email', 'name: id', 'id,', `${fields}[1].name`, 'id is in fields already, as item 1'],
]

testCases(cases)

test('a misspelt field is not reported a second time as missing by a rule', () => {
  const { problems } = spoiled('values: [small, large]', 'value: [small, large]')
  expect(problems.map((problem) => problem.code)).toEqual(['field.unknown'])
})

test('numbers in quotes are compared as numbers', () => {
  expect(spoiled(id, '{name: id, type: integer, min: 9, max: "10"}').problems).toEqual([])
})
