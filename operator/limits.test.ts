import { expect, test } from 'vitest'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { specFixture } from './controllers/testing/objects.ts'
import { type Limits, limitedSettings, limitProblem } from './limits.ts'
import { noLimits } from './testing/limits.ts'

const hourMs = 3_600_000
const limits: Limits = {
  timeoutMs: 24 * hourMs,
  startDeadlineMs: 300_000,
  workers: 4,
  cpu: '2',
  memory: '4Gi',
  defaultMemory: '1Gi',
  tmpSize: '1Gi',
  pluginFolder: '/app',
  images: ['registry.example/etl', 'quay.io/', 'ghcr.io'],
  runsPerNamespace: undefined,
}
const steps = (module: string) => [{ plugin: { module } }]

test.each<[string, Partial<PipelineSpec>, string]>([
  ['a longer timeout', { timeout: '2d' }, 'spec.timeout is 2d, and at most'],
  ['a longer start deadline', { startDeadline: '6m' }, 'spec.startDeadline is 6m, and at most'],
  ['more workers', { workers: 5 }, 'spec.workers is 5, and at most 4 are allowed (HEADGATE_MAX_WORKERS)'],
  ['a higher cpu limit', { resources: { limits: { cpu: '2500m' } } }, 'spec.resources.limits.cpu is 2500m, and at most 2 is allowed'],
  ['a higher cpu request', { resources: { requests: { cpu: 3 } } }, 'spec.resources.requests.cpu is 3, and at most 2 is allowed'],
  ['a higher memory limit', { resources: { limits: { memory: '5Gi' } } }, 'spec.resources.limits.memory is 5Gi, and at most 4Gi is allowed'],
  ['a higher memory request in bytes', { resources: { requests: { memory: 5_000_000_000 } } }, 'spec.resources.requests.memory is 5000000000'],
  ['another image', { pod: { image: 'evil/image' } }, 'spec.pod.image is evil/image, and only images that begin with registry.example/etl or quay.io/'],
  ['an image whose name only has the same prefix', { pod: { image: 'registry.example/etl2' } }, 'spec.pod.image is registry.example/etl2'],
  ['an image of another port', { pod: { image: 'ghcr.io:5000/etl' } }, 'spec.pod.image is ghcr.io:5000/etl'],
  ['a module of the volume', { validators: steps('./a.js') }, 'spec.validators[0].plugin.module is ./a.js, and only packages of the image'],
  ['a module that leads out of the image', { transform: steps('/app/../data/a.js') }, 'spec.transform[0].plugin.module is /app/../data/a.js'],
])('A Pipeline with %s is refused, with a message that names the administrator', (_, more, message) => {
  const problem = limitProblem(specFixture(more), limits)
  expect(problem).toContain(message)
  expect(problem).toMatch(/; change the Pipeline, or ask the administrator$/)
  expect(limitProblem(specFixture(more), noLimits)).toBeUndefined()
})

test.each<Partial<PipelineSpec>>([
  {},
  { timeout: '24h', startDeadline: '5m', workers: 4 },
  { resources: { requests: { cpu: '2', memory: '4Gi' }, limits: { cpu: 2, memory: '4096Mi' } } },
  { pod: { image: 'registry.example/etl:1' } },
  { pod: { image: 'registry.example/etl@sha256:abc' } },
  { pod: { image: 'quay.io/team/image' } },
  { pod: { image: 'ghcr.io/team/image:1@sha256:abc' } },
  { validators: steps('feeds'), transform: steps('/app/plugins/a.js') },
])('%j is within the limits', (more) => expect(limitProblem(specFixture(more), limits)).toBeUndefined())

test('A Pipeline without timeout and start deadline gets the limits', () => {
  expect(limitedSettings(specFixture(), limits)).toMatchObject({ workers: 1, startDeadlineMs: 300_000, timeoutMs: 24 * hourMs })
  expect(limitedSettings(specFixture({ timeout: '1h', startDeadline: '1m' }), limits)).toMatchObject({ workers: 1, startDeadlineMs: 60_000, timeoutMs: hourMs })
  expect(limitedSettings(specFixture(), noLimits)).toMatchObject({ workers: 1, startDeadlineMs: 600_000, timeoutMs: undefined })
})

test.each<[string, PipelineSpec['resources'], Partial<Limits>, object]>([
  ['nothing is declared', undefined, {}, {}],
  ['only a default is set', undefined, { defaultMemory: '1Gi' }, { requests: { memory: '256Mi' }, limits: { memory: '1Gi' } }],
  ['the default is small', undefined, { defaultMemory: '128Mi' }, { requests: { memory: '128Mi' }, limits: { memory: '128Mi' } }],
  ['the default is above the ceiling', undefined, { defaultMemory: '8Gi', memory: '2Gi' }, { requests: { memory: '256Mi' }, limits: { memory: '2Gi' } }],
  ['only a ceiling is set', undefined, { memory: '2Gi', cpu: '2' }, { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '2', memory: '2Gi' } }],
  ['the request is above the default', { requests: { memory: '2Gi' } }, { defaultMemory: '1Gi' }, { requests: { memory: '2Gi' }, limits: { memory: '2Gi' } }],
  ['the Pipeline gives a limit', { limits: { memory: '3Gi' } }, { defaultMemory: '1Gi' }, { limits: { memory: '3Gi' } }],
  [
    'the Pipeline gives all',
    { requests: { cpu: 1 }, limits: { cpu: '2', memory: '3Gi' } },
    { cpu: '4', memory: '4Gi' },
    { requests: { cpu: '1' }, limits: { cpu: '2', memory: '3Gi' } },
  ],
])('Resources of a worker where %s', (_, resources, some, expected) => {
  const spec = specFixture(resources === undefined ? {} : { resources })
  expect(limitedSettings(spec, { ...noLimits, ...some }).resources).toEqual(expected)
})
