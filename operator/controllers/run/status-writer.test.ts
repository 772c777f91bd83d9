import { expect, test } from 'vitest'
import type { PipelineRunStatus } from '../../../crds/status.ts'
import type { KeptRun } from '../../cache/runs.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import { runFixture } from '../testing/objects.ts'
import { RunStatusWriter } from './status.ts'

/** A server that gives each write the next version, or refuses. */
function writerOf(refusal?: ApiError) {
  const applied: object[] = []
  let version = 99
  const apply = async (_: unknown, object: { metadata: object; status?: object }) => {
    if (refusal !== undefined) throw refusal
    applied.push(object)
    return { ...runFixture('a'), ...object, metadata: { ...runFixture('a').metadata, resourceVersion: String(++version) } }
  }
  const [client, its] = [{ apply } as unknown as Pick<KubeClient, 'apply'>, new RunStatusWriter()]
  const write = (run: KeptRun, status: PipelineRunStatus) => its.write(client, run, status)
  return { applied, writer: { write, latest: (run: KeptRun) => its.latest(run) } }
}

function at(resourceVersion: string, run = runFixture('a')): KeptRun {
  return { ...run, metadata: { ...run.metadata, resourceVersion } }
}

test('What was written is known before the cache shows it', async () => {
  const { writer } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  expect(writer.latest(at('98')).status).toEqual({ phase: 'Queued', observedGeneration: 1 })
  expect(writer.latest(at('99')).status).toMatchObject({ phase: 'Queued' })
  expect(writer.latest(at('100')).status).toBeUndefined()
  expect(writer.latest(at('98')).status).toBeUndefined()
})

test('Another run of the same name is not taken for the one that was written', async () => {
  const { writer } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  const other = at('98')
  expect(writer.latest({ ...other, metadata: { ...other.metadata, uid: 'other' } }).status).toBeUndefined()
})

test('A status that is there already is not written', async () => {
  const { writer, applied } = writerOf()
  const run = { ...at('98'), status: { phase: 'Queued' as const, observedGeneration: 0 } }
  expect(await writer.write(run, { phase: 'Queued' })).toBe(run)
  expect(applied).toEqual([])
})

test('A write names the very run that is meant, as it was when that was decided', async () => {
  const { writer, applied } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  expect(applied).toEqual([
    { metadata: { name: 'a', namespace: 'sales', uid: 'uid-a', resourceVersion: '98' }, status: { phase: 'Queued', observedGeneration: 1 } },
  ])
})

test.each([
  ['is gone', new ApiError(404, 'NotFound', '')],
  ['was changed, or replaced by another,', new ApiError(409, 'Conflict', '')],
])('A run that %s is let go', async (_, refusal) => {
  expect(await writerOf(refusal).writer.write(at('98'), { phase: 'Queued' })).toBeUndefined()
})

test('Any other refusal is an error', async () => {
  await expect(writerOf(new ApiError(500, 'InternalError', 'x')).writer.write(at('98'), { phase: 'Queued' })).rejects.toThrow('x')
})
