import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../../../crds/pipeline.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { noLimits } from '../../../testing/limits.ts'
import { runFixture, specFixture } from '../../testing/objects.ts'
import { pipelineProblem } from './decide.ts'
import { refusalOf } from './not-started.ts'
import { NameTaken } from './objects.ts'

const valid = specFixture({ format: { csv: {} } })

/** A spec that the types do not allow. */
function invalid(parts: object): PipelineSpec {
  return { ...valid, ...parts }
}

test.each<[string, PipelineSpec | undefined, string | undefined]>([
  ['a valid spec', valid, undefined],
  ['a plugin as source', invalid({ source: { plugin: { module: './a.ts' } }, format: undefined }), undefined],
  ['no spec', undefined, 'spec is missing'],
  ['no source', invalid({ source: undefined }), 'spec.source is missing'],
  ['no fields', invalid({ schema: {} }), 'spec.schema.fields is missing'],
  ['no destination', invalid({ destination: undefined }), 'spec.destination is missing'],
  ['an empty source', invalid({ source: {} }), 'spec.source names nothing; name exactly one kind'],
  ['two destinations', invalid({ destination: { postgres: {}, plugin: {} } }), 'spec.destination names postgres and plugin'],
  ['files without a format', invalid({ format: undefined }), 'spec.source.files needs spec.format'],
  ['an invalid timeout', invalid({ timeout: 'soon' }), '"soon" is not a duration'],
  ['a spec too large for a ConfigMap', invalid({ pod: { annotations: { a: 'x'.repeat(1_000_000) } } }), 'larger than 1000000 bytes'],
])('A Pipeline with %s', (_, spec, problem) => {
  const condition = pipelineProblem(runFixture('orders-1'), spec, noLimits)
  if (problem === undefined) return expect(condition).toBeUndefined()
  expect(condition?.reason).toBe('PipelineInvalid')
  expect(condition?.message).toMatch(/^Pipeline orders cannot be run: /)
  expect(condition?.message).toContain(problem)
})

test('A valid Pipeline that exceeds the administrator’s limits', () => {
  const condition = pipelineProblem(runFixture('orders-1'), { ...valid, workers: 5 }, { ...noLimits, workers: 4 })
  expect(condition?.reason).toBe('NotAllowed')
  expect(condition?.message).toContain('spec.workers is 5')
})

test.each<[string, unknown, { reason: string; final: boolean } | undefined]>([
  ['an invalid Job', new ApiError(422, 'Invalid', 'Job.batch "x" is invalid'), { reason: 'PipelineInvalid', final: true }],
  ['too large a ConfigMap', new ApiError(413, 'RequestEntityTooLarge', 'limit is 3145728'), { reason: 'PipelineInvalid', final: true }],
  ['a quota', new ApiError(403, 'Forbidden', 'exceeded quota'), { reason: 'Forbidden', final: false }],
  ['a name still taken by an earlier run', new NameTaken('Job named x', true), { reason: 'NameTaken', final: false }],
  ['a name taken by a foreign object', new NameTaken('Job named x', false), { reason: 'NameTaken', final: true }],
  ['an unreachable server', new ApiError(0, 'Unreachable', 'connection refused'), undefined],
  ['a busy server', new ApiError(429, 'TooManyRequests', 'later'), undefined],
  ['a conflict', new ApiError(409, 'Conflict', 'changed'), undefined],
  ['a defect', new TypeError('x'), undefined],
])('Refused for %s', (_, error, expected) => {
  const refusal = refusalOf(error)
  expect(refusal && { reason: refusal.condition.reason, final: refusal.final }).toEqual(expected)
})
