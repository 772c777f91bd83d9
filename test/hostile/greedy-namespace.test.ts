// One namespace asks for more runs than there are places; others still get theirs. And runs beyond the administrator's limits.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CachedRun } from '../../operator/cache/runs.ts'
import { AdmissionQueue } from '../../operator/controllers/run/admission/queue.ts'
import { runFixture } from '../../operator/controllers/testing/objects.ts'
import { type RunOperator, startRunOperator } from '../../operator/controllers/testing/run-operator.ts'
import { conditionOf, stageIn } from '../../operator/controllers/testing/stage.ts'
import { createClient } from '../../operator/kubernetes/client.ts'
import { noLimits } from '../../operator/testing/limits.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'

function queueOf(cap: number, perNamespace?: number) {
  const queue = new AdmissionQueue({
    maxActiveRuns: cap,
    maxActiveRunsPerNamespace: perNamespace,
    concurrency: () => 'Allow',
    isOver: () => false,
    wake: () => {},
  })
  const keys: string[] = []
  const see = (namespace: string, count: number, second = 0) => {
    for (let index = 0; index < count; index++) {
      const made = runFixture(`orders-${String(index).padStart(3, '0')}`, undefined, { createdAt: `2026-03-01T00:00:${String(second).padStart(2, '0')}Z` })
      const run: CachedRun = { ...made, metadata: { ...made.metadata, namespace, uid: `${namespace}-${index}` } }
      keys.push(`${namespace}/${made.metadata.name}`)
      queue.see(`${namespace}/${made.metadata.name}`, run)
    }
  }
  const admitted = (namespace: string) => keys.filter((key) => key.startsWith(`${namespace}/`) && queue.ask(key)?.kind === 'Admit').length
  const end = (key: string) => queue.see(key, undefined)
  return { queue, see, admitted, end }
}

describe('a namespace with a hundred runs', () => {
  test('gets all free slots while no other namespace waits', () => {
    const { see, admitted } = queueOf(10)
    see('greedy', 100)
    expect(admitted('greedy')).toBe(10)
  })

  test('shares the slots equally with one that came later', () => {
    const { see, admitted } = queueOf(10)
    see('greedy', 100, 0)
    see('modest', 100, 30)
    expect([admitted('greedy'), admitted('modest')]).toEqual([5, 5])
  })

  test('gets the slots that a smaller namespace does not use', () => {
    const { see, admitted } = queueOf(10)
    see('greedy', 100, 0)
    see('modest', 2, 30)
    expect([admitted('greedy'), admitted('modest')]).toEqual([8, 2])
  })

  test('that has all slots leaves the next free ones to later namespaces, and among equals the oldest run starts first', () => {
    const { see, admitted, end } = queueOf(4)
    see('greedy', 100, 0)
    expect(admitted('greedy')).toBe(4)
    see('modest', 5, 30)
    see('humble', 1, 40)
    expect([admitted('modest'), admitted('humble')]).toEqual([0, 0])
    for (const index of [0, 1]) end(`greedy/orders-00${index}`)
    expect([admitted('greedy'), admitted('modest'), admitted('humble')]).toEqual([2, 1, 1])
    end('greedy/orders-002')
    expect([admitted('greedy'), admitted('modest'), admitted('humble')]).toEqual([2, 1, 1])
  })

  test('gets no more than the cap of a namespace, and reports which cap', () => {
    const { queue, see, admitted } = queueOf(10, 3)
    see('greedy', 100)
    expect(admitted('greedy')).toBe(3)
    expect(queue.ask('greedy/orders-050')).toEqual({ kind: 'Wait', for: 'NamespaceCap' })
    see('modest', 1, 30)
    expect(admitted('modest')).toBe(1)
  })
})

describeWithApiServer('a Pipeline that asks for more than the administrator allows', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  let operator: RunOperator
  beforeAll(async () => {
    const limits = {
      ...noLimits,
      workers: 2,
      timeoutMs: 3_600_000,
      memory: '2Gi',
      defaultMemory: '1Gi',
      tmpSize: '64Mi',
      pluginFolder: '/app',
      runsPerNamespace: 2,
    }
    operator = await startRunOperator({ client, namespace, limits })
  })
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })

  test('has its run refused with the limit and the name of the setting', async () => {
    await stage.createPipeline('greedy', { workers: 200 })
    await stage.createRun('greedy', 'greedy')
    expect(conditionOf(await stage.reaches('greedy', 'Failed', 'NotAllowed'))?.message).toBe(
      'Pipeline greedy exceeds the limits of this cluster: spec.workers is 200, and at most 2 are allowed (HEADGATE_MAX_WORKERS); ' +
        'change the Pipeline, or ask the administrator',
    )
    expect(await stage.job('greedy')).toBeUndefined()
  })

  test('by a module of a volume has its run refused', async () => {
    await stage.createPipeline('module', { validators: [{ plugin: { module: './evil.js' } }] })
    await stage.createRun('module', 'module')
    await stage.reaches('module', 'Failed', 'NotAllowed')
    expect(await stage.job('module')).toBeUndefined()
  })

  test('that declares none gets the limits, and waits in the queue of its namespace', async () => {
    await stage.createPipeline('silent', { schedule: { cron: '@daily', suspend: true, concurrency: 'Allow' } })
    for (const name of ['silent-1', 'silent-2', 'silent-3']) await stage.createRun(name, 'silent')
    await stage.reaches('silent-1', 'Starting')
    const spec = (await stage.job('silent-1'))?.spec
    expect(spec?.activeDeadlineSeconds).toBe(3600)
    expect(spec?.template.spec?.containers[0]?.resources).toEqual({ requests: { memory: '256Mi' }, limits: { memory: '1Gi' } })
    expect(spec?.template.spec?.volumes?.find(({ name }) => name === 'tmp')?.emptyDir).toEqual({ sizeLimit: '64Mi' })
    expect(spec?.template.spec?.containers[0]?.env).toContainEqual({ name: 'HEADGATE_PLUGIN_FOLDER', value: '/app' })
    const waiting = await stage.reaches('silent-3', 'Queued')
    expect(conditionOf(waiting)?.message).toContain('HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE')
  })
})
