import { expect, test } from 'vitest'
import { type Case, spoiled, testCases, validManifest } from './cases.support.ts'

const cases: Case[] = [
  ['v1alpha1', 'v1', 'headgate.dev/v1', 'apiVersion', 'cannot be headgate.dev/v1: it is headgate.dev/v1alpha1'],
  ['kind: Pipeline', 'kind: Pipelin', 'Pipelin', 'kind', 'it is Pipeline'],
  ['  name: orders', '  name: Orders', 'Orders', 'metadata.name', 'lower case letters'],
  ['  name: orders', '  labels: {}', 'metadata', 'metadata.name', 'name is missing: add it'],
  ['delimiter: ";"', 'delimeter: ";"', 'delimeter', 'spec.format.csv.delimeter', 'unknown field delimeter; did you mean delimiter?'],
  ['csv: {', 'cvs: {', 'cvs', 'spec.format.cvs', 'did you mean csv?'],
  ['retry:', 'webhook:', 'webhook', 'spec.webhook', 'unknown field webhook: remove it; there are schedule, source, format'],
  ['type: decimal', 'type: decmal', 'decmal', 'spec.schema.fields[2].type', 'type cannot be decmal: it is one of text, integer'],
  ['name: email, type: text', 'name: email', '- {name: email'.slice(2), 'spec.schema.fields[1].type', 'type is missing: add it (Type of the value'],
  ['mode: Upsert', 'mode: upsert', 'upsert', 'spec.destination.postgres.mode', 'one of Append, Upsert, Replace, Snapshot'],
  ['nullable: true', 'nullable: "true"', '"true"', 'spec.schema.fields[1].nullable', 'nullable must be true or false, not true'],
  ['name: email', 'name: 7', '7,', 'spec.schema.fields[1].name', 'name must be text, not 7: put it in quotes'],
  ['min: 1,', 'min: 0.5,', '0.5', 'spec.schema.fields[0].min', 'write a decimal in quotes'],
  ['min: 1,', 'min: ,', 'min', 'spec.schema.fields[0].min', 'min has no value'],
  ['minLength: 3', 'minLength: -3', '-3', 'spec.schema.fields[1].minLength', 'must be at least 0, not -3'],
  ['precision: 12', 'precision: 1200', '1200', 'spec.schema.fields[2].precision', 'must be at most 1000'],
  ['values: [small, large]', 'values: []', '[]', 'spec.schema.fields[3].values', 'must have at least 1 item'],
  ['values: [small, large]', 'values: small', 'small', 'spec.schema.fields[3].values', 'values must be a list, not small'],
  ['table: sales.orders', 'table: a.b.c', 'a.b.c', 'spec.destination.postgres.table', 'write schema.table'],
  ['initial: 1s', 'initial: 1 second', '1 second', 'spec.retry.backoff.initial', 'such as 500ms, 30s, 5m'],
  ['encoding: utf-8', 'header: 99', '99', 'spec.format.csv.header', 'true or false or a whole number from 0 to 16, not 99'],
  ['encoding: utf-8', 'quote: "::"', '"::"', 'spec.format.csv.quote', 'must have at most 1 characters'],
  ['name: paid', 'name: Paid_', 'Paid_', 'spec.schema.rules[0].name', 'lower case letters, digits and hyphens'],
  ['column: code', 'onMissing: park', 'references', 'spec.schema.fields[5].references.column', 'column is missing'],
  ['table: ref.country, ', '', 'references', 'spec.schema.fields[5].references.table', 'table is missing'],
]

test('the valid manifest has no problem', () => {
  expect(spoiled(validManifest, validManifest).problems).toEqual([])
})

testCases(cases)

test('the suggestion is a property of its own', () => {
  expect(spoiled('delimiter:', 'delimeter:').problems[0]).toMatchObject({ code: 'field.unknown', suggestion: 'delimiter', line: 9, column: 11 })
})

test('all problems are reported, in the order of the file', () => {
  const { problems } = spoiled('- {name: id, type: integer, min: 1, max: 9}', '- {name: id, type: integr, min: 9.5, maxx: 1, pattern: 3}')
  expect(problems.map((problem) => problem.path.replace('spec.schema.fields[0].', ''))).toEqual(['type', 'min', 'maxx', 'pattern'])
})
