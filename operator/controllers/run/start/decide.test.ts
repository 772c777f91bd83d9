import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../../../crds/pipeline.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { noLimits } from '../../../testing/limits.ts'
import { runFixture, specFixture } from '../../testing/objects.ts'
import { pipelineProblem } from './decide.ts'
import { refusalOf } from './not-started.ts'
import { NameTaken } from './objects.ts'

const sound = specFixture({ format: { csv: {} } })

/** A spec that the types would not allow. */
function odd(parts: object): PipelineSpec {
  return { ...sound, ...parts }
}

test.each<[string, PipelineSpec | undefined, string | undefined]>([
  ['a sound one', sound, undefined],
  ['a source of the user’s own', odd({ source: { plugin: { module: './a.ts' } }, format: undefined }), undefined],
  ['no spec', undefined, 'spec is missing'],
  ['no source', odd({ source: undefined }), 'spec.source is missing'],
  ['no fields', odd({ schema: {} }), 'spec.schema.fields is missing'],
  ['no destination', odd({ destination: undefined }), 'spec.destination is missing'],
  ['an empty source', odd({ source: {} }), 'spec.source names nothing; name exactly one kind'],
  ['two destinations', odd({ destination: { postgres: {}, plugin: {} } }), 'spec.destination names postgres and plugin'],
  ['files without a format', odd({ format: undefined }), 'spec.source.files needs spec.format'],
  ['a timeout that is none', odd({ timeout: 'soon' }), '"soon" is not a duration'],
  ['a spec that no ConfigMap holds', odd({ pod: { annotations: { a: 'x'.repeat(1_000_000) } } }), 'larger than 1000000 bytes'],
])('A Pipeline with %s', (_, spec, problem) => {
  const said = pipelineProblem(runFixture('orders-1'), spec, noLimits)
  if (problem === undefined) return expect(said).toBeUndefined()
  expect(said?.reason).toBe('PipelineInvalid')
  expect(said?.message).toMatch(/^Pipeline orders cannot be run: /)
  expect(said?.message).toContain(problem)
})

test('A sound Pipeline that asks for more than the administrator allows', () => {
  const said = pipelineProblem(runFixture('orders-1'), { ...sound, workers: 5 }, { ...noLimits, workers: 4 })
  expect(said?.reason).toBe('NotAllowed')
  expect(said?.message).toContain('spec.workers is 5')
})

test.each<[string, unknown, { reason: string; final: boolean } | undefined]>([
  ['an invalid Job', new ApiError(422, 'Invalid', 'Job.batch "x" is invalid'), { reason: 'PipelineInvalid', final: true }],
  ['too large a ConfigMap', new ApiError(413, 'RequestEntityTooLarge', 'limit is 3145728'), { reason: 'PipelineInvalid', final: true }],
  ['a quota', new ApiError(403, 'Forbidden', 'exceeded quota'), { reason: 'Forbidden', final: false }],
  ['a name in passing', new NameTaken('Job named x', true), { reason: 'NameTaken', final: false }],
  ['a name of others', new NameTaken('Job named x', false), { reason: 'NameTaken', final: true }],
  ['no answer', new ApiError(0, 'Unreachable', 'connection refused'), undefined],
  ['a busy server', new ApiError(429, 'TooManyRequests', 'later'), undefined],
  ['a conflict', new ApiError(409, 'Conflict', 'changed'), undefined],
  ['a defect', new TypeError('x'), undefined],
])('Refused for %s', (_, error, expected) => {
  const refusal = refusalOf(error)
  expect(refusal && { reason: refusal.said.reason, final: refusal.final }).toEqual(expected)
})
