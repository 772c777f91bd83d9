import { expect, test } from 'vitest'
import type { PipelineRunStatus } from '../../../crds/status.ts'
import type { CachedRun } from '../../cache/runs.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import { runFixture } from '../testing/objects.ts'
import { RunStatusWriter } from './status.ts'

/** A server that increments the version at each write, or refuses the write. */
function writerOf(refusal?: ApiError) {
  const applied: object[] = []
  let version = 99
  const apply = async (_: unknown, object: { metadata: object; status?: object }) => {
    if (refusal !== undefined) throw refusal
    applied.push(object)
    return { ...runFixture('a'), ...object, metadata: { ...runFixture('a').metadata, resourceVersion: String(++version) } }
  }
  const [client, statusWriter] = [{ apply } as unknown as Pick<KubeClient, 'apply'>, new RunStatusWriter()]
  const write = (run: CachedRun, status: PipelineRunStatus) => statusWriter.write(client, run, status)
  return { applied, writer: { write, latest: (run: CachedRun) => statusWriter.latest(run) } }
}

function at(resourceVersion: string, run = runFixture('a')): CachedRun {
  return { ...run, metadata: { ...run.metadata, resourceVersion } }
}

test('Returns the written status before the cache shows it', async () => {
  const { writer } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  expect(writer.latest(at('98')).status).toEqual({ phase: 'Queued', observedGeneration: 1 })
  expect(writer.latest(at('99')).status).toMatchObject({ phase: 'Queued' })
  expect(writer.latest(at('100')).status).toBeUndefined()
  expect(writer.latest(at('98')).status).toBeUndefined()
})

test('A run recreated under the same name does not get the written status', async () => {
  const { writer } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  const other = at('98')
  expect(writer.latest({ ...other, metadata: { ...other.metadata, uid: 'other' } }).status).toBeUndefined()
})

test('An unchanged status is not written', async () => {
  const { writer, applied } = writerOf()
  const run = { ...at('98'), status: { phase: 'Queued' as const, observedGeneration: 0 } }
  expect(await writer.write(run, { phase: 'Queued' })).toBe(run)
  expect(applied).toEqual([])
})

test('A write names the uid and version of the run that the decision was based on', async () => {
  const { writer, applied } = writerOf()
  await writer.write(at('98'), { phase: 'Queued' })
  expect(applied).toEqual([
    { metadata: { name: 'a', namespace: 'sales', uid: 'uid-a', resourceVersion: '98' }, status: { phase: 'Queued', observedGeneration: 1 } },
  ])
})

test.each([
  ['was deleted', new ApiError(404, 'NotFound', '')],
  ['was changed or recreated', new ApiError(409, 'Conflict', '')],
])('The write of a run that %s returns undefined', async (_, refusal) => {
  expect(await writerOf(refusal).writer.write(at('98'), { phase: 'Queued' })).toBeUndefined()
})

test('Any other refusal is thrown', async () => {
  await expect(writerOf(new ApiError(500, 'InternalError', 'x')).writer.write(at('98'), { phase: 'Queued' })).rejects.toThrow('x')
})
