// Cancelling a run in each of its phases, against a real API server. The test acts as the workers and the Job controller.
import { afterAll, afterEach, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../../../test/support/kubernetes.ts'
import { createClient } from '../../../kubernetes/client.ts'
import type { StoredRun } from '../../controller.ts'
import { reportFixture } from '../../testing/cached.ts'
import { eventually, startRunOperator } from '../../testing/run-operator.ts'
import { conditionOf, stageIn } from '../../testing/stage.ts'

describeWithApiServer('a run that is cancelled', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const [signals, closed] = [[] as string[], [] as string[]]
  let deaf = false
  const cancelSignal = {
    cancel: async (run: string) => {
      if (deaf) throw new Error('no Redis')
      signals.push(run)
    },
  }
  const store = { findTotals: async () => undefined, end: async ({ name }: StoredRun, state: string) => void closed.push(`${name} ${state}`) }
  const operator = await startRunOperator({ client, namespace, cancelSignal, store })
  await stage.createPipeline('feed', { schedule: { cron: '@daily', suspend: true, concurrency: 'Allow' } })
  afterEach(() => operator.resetClock())
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })
  const running = async (name: string) => {
    await stage.createRun(name, 'feed')
    const pod = await stage.createPod(name)
    await stage.podRuns(pod)
    await stage.jobStatus(name, { active: 1 })
    await stage.reaches(name, 'Running')
    return pod
  }
  const suspended = (name: string) => eventually(async () => (await stage.job(name))?.spec?.suspend === true, 'suspension')

  test('while waiting ends at once', async () => {
    await stage.createPipeline('queue')
    await stage.createRun('first', 'queue')
    await stage.reaches('first', 'Starting')
    await stage.createRun('second', 'queue')
    await stage.reaches('second', 'Queued')
    await stage.cancel('second')
    const { status } = await stage.reaches('second', 'Cancelled')
    expect(status?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'Cancelled', message: 'cancelled before it started' })
    expect(await stage.job('second')).toBeUndefined()
  })

  test('at creation never starts', async () => {
    await stage.createRun('created-cancelled', 'feed', { cancel: true })
    await stage.reaches('created-cancelled', 'Cancelled')
    expect(await stage.job('created-cancelled')).toBeUndefined()
  })

  test('before a worker has started has its Job suspended', async () => {
    await stage.createRun('starting', 'feed')
    await stage.createPod('starting')
    await stage.jobStatus('starting', { active: 1 })
    await stage.reaches('starting', 'Starting')
    await stage.cancel('starting')
    await suspended('starting')
    expect(conditionOf(await stage.reaches('starting', 'Starting', 'Cancelling'))?.status).toBe('Unknown')
    await stage.jobSuspended('starting')
    await stage.reaches('starting', 'Cancelled')
    expect(signals).not.toContain(`${namespace}/starting`)
    expect(closed).toContain(`${namespace}/starting Cancelled`)
  })

  test('while running lets its workers finish their current batch, and keeps their counts', async () => {
    const pod = await running('working')
    await stage.cancel('working')
    await stage.reaches('working', 'Running', 'Cancelling')
    await eventually(() => signals.includes(`${namespace}/working`), 'the signal')
    await stage.podEnds(pod, 70, reportFixture('Cancelled'))
    await stage.jobFails('working', 'PodFailurePolicy', 'exit code 70')
    const { status } = await stage.reaches('working', 'Cancelled')
    expect(status).toMatchObject({
      records: { read: 100 },
      conditions: [{ message: 'cancelled because spec.cancel was set; committed batches are kept' }],
    })
    expect((await stage.job('working'))?.spec?.suspend).toBe(false)
    expect(closed).not.toContain(`${namespace}/working Cancelled`)
  })

  test('whose workers ignore the signal has its Job suspended after 30 seconds', async () => {
    await running('stubborn')
    await stage.cancel('stubborn')
    await eventually(() => signals.includes(`${namespace}/stubborn`), 'the signal')
    expect((await stage.job('stubborn'))?.spec?.suspend).toBe(false)
    operator.advanceClock(31_000)
    await suspended('stubborn')
    await stage.jobSuspended('stubborn', 1)
    await eventually(() => operator.caches.jobs.get(`${namespace}/stubborn`)?.terminating === 1)
    expect((await stage.run('stubborn'))?.status?.phase).toBe('Running')
    await stage.jobSuspended('stubborn')
    await stage.reaches('stubborn', 'Cancelled')
    expect(closed).toContain(`${namespace}/stubborn Cancelled`)
  })

  test('without Redis has its Job suspended at once', async () => {
    deaf = true
    await running('deaf')
    await stage.cancel('deaf')
    await suspended('deaf')
    await stage.jobSuspended('deaf')
    await stage.reaches('deaf', 'Cancelled')
    deaf = false
  })

  test('and whose workers succeed anyway has succeeded', async () => {
    const pod = await running('late')
    await stage.cancel('late')
    await stage.reaches('late', 'Running', 'Cancelling')
    await stage.podEnds(pod, 0, reportFixture('Succeeded'))
    await stage.jobSucceeds('late')
    await stage.reaches('late', 'Succeeded')
  })

  test('after its end keeps its phase', async () => {
    await stage.cancel('late')
    operator.advanceClock(1000)
    await stage.createRun('another', 'feed')
    await stage.reaches('another', 'Starting')
    expect((await stage.run('late'))?.status?.phase).toBe('Succeeded')
  })
})
