// Following a run over connections that break; cluster.test.ts follows one on a real API server.
import { expect, test } from 'vitest'
import { ApiError } from '../../operator/kubernetes/api-error.ts'
import type { WatchEvent } from '../../operator/kubernetes/client.ts'
import type { Cluster } from './connect.ts'
import { followRun } from './follow.ts'
import type { RunObject } from './resources.ts'

function run(phase: RunObject['status'], uid = 'u'): RunObject {
  const spec = { pipelineRef: { name: 'p' } }
  return { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', metadata: { name: 'a', namespace: 'n', uid }, spec, status: phase } as RunObject
}

const running = run({ phase: 'Running' })
const condition = { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '2026-03-01T00:00:00Z' } as const
const done = run({ phase: 'Succeeded', conditions: [condition] })

/** Each connection's first answer, and the events of the watch after it; an error is thrown. */
type Connection = { get: RunObject | undefined | Error; watch?: (WatchEvent<RunObject> | Error)[] }

function clusterOf(connections: Connection[]): Cluster {
  let current: Connection | undefined
  const thrown = <T>(value: T | Error): T => {
    if (value instanceof Error) throw value
    return value
  }
  const client = {
    get: async () => {
      current = connections.shift()
      return thrown(current?.get)
    },
    watch: async function* () {
      for (const event of current?.watch ?? []) yield thrown(event)
    },
  }
  return { client, namespace: 'n' } as unknown as Cluster
}

const follow = (...connections: Connection[]) =>
  followRun(clusterOf(connections), running, { signal: new AbortController().signal, onChange: () => {}, waitMilliseconds: 1 })

const cut = new ApiError(0, 'Unreachable', 'cut')
const expired = new ApiError(410, 'Expired', 'too old')

test('It survives cut connections, expired versions and ended watches', async () => {
  const modified = { type: 'MODIFIED', object: running } as const
  const end = { type: 'MODIFIED', object: done } as const
  expect(
    await follow({ get: cut }, { get: running, watch: [modified, cut] }, { get: running, watch: [expired] }, { get: running }, { get: running, watch: [end] }),
  ).toBe(done)
  expect(await follow({ get: running, watch: [cut] }, { get: done })).toBe(done)
})

test('A run that was deleted or recreated under its name is no longer followed', async () => {
  await expect(follow({ get: undefined })).rejects.toMatchObject({ code: 'RunNotFound' })
  await expect(follow({ get: run({}, 'another') })).rejects.toMatchObject({ code: 'RunNotFound' })
  await expect(follow({ get: running, watch: [{ type: 'DELETED', object: running }] })).rejects.toMatchObject({ code: 'RunNotFound' })
})

test('A refusal ends it at once, and a long outage of the server ends it too', async () => {
  await expect(follow({ get: new ApiError(403, 'Forbidden', 'no') })).rejects.toMatchObject({ status: 403 })
  await expect(follow(...Array.from({ length: 60 }, () => ({ get: cut })))).rejects.toBe(cut)
})
