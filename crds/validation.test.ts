import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { problemOfPipeline } from './validation.ts'

const example = readFileSync(join(import.meta.dirname, '..', 'examples', 'orders', 'pipeline.yaml'), 'utf8')
// biome-ignore lint/suspicious/noExplicitAny: the tests spoil it in any way
const validPipeline = (): any => loadAll(example)[0]

test('A valid Pipeline has no problem', () => expect(problemOfPipeline(validPipeline())).toBeUndefined())

test.each(['(?i)^abc$', '(?P<word>a)', '(?U)a+', '\\pN{2}', '(?s:.)'])('A Pipeline whose pattern %s only RE2 accepts has no problem', (pattern) => {
  const pipeline = validPipeline()
  pipeline.spec.schema.fields.push({ name: 'code', type: 'text', pattern })
  expect(problemOfPipeline(pipeline)).toBeUndefined()
})

test.each<[string, (pipeline: ReturnType<typeof validPipeline>) => unknown, string]>([
  ['a field nobody knows', ({ spec }) => Object.assign(spec, { hostNetwork: true }), 'spec must NOT have additional properties'],
  ['a value of another type', ({ spec }) => Object.assign(spec, { workers: 'many' }), 'spec.workers must be integer'],
  ['a broken pattern', ({ spec }) => Object.assign(spec, { timeout: 'for ever' }), 'spec.timeout must match pattern'],
  ['a broken rule', ({ spec }) => Object.assign(spec.schema, { primaryKey: ['nobody'] }), 'spec: primaryKey names a field that fields does not declare'],
  [
    'a pattern that only JavaScript takes',
    ({ spec }) => spec.schema.fields.push({ name: 'code', type: 'text', pattern: '(?=a)' }),
    'pattern must be a regular expression in the syntax of RE2',
  ],
  ['no spec', (pipeline) => Reflect.deleteProperty(pipeline, 'spec'), 'the Pipeline must have required property'],
])('A Pipeline with %s is refused with the reason', (_, spoil, message) => {
  const pipeline = validPipeline()
  spoil(pipeline)
  expect(problemOfPipeline(pipeline)).toContain(message)
})
