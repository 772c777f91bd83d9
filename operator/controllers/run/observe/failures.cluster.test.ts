// The messages of a run whose pods do not start, and its end when they fail, against a real API server. The test acts as the kubelet.
import { afterAll, afterEach, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../../../test/support/kubernetes.ts'
import { createClient } from '../../../kubernetes/client.ts'
import type { StoredRun } from '../../controller.ts'
import { reportFixture } from '../../testing/cached.ts'
import { eventually, startRunOperator } from '../../testing/run-operator.ts'
import { conditionOf, type Stage, stageIn } from '../../testing/stage.ts'

type Row = { what: string; happens: (stage: Stage, pod: string) => Promise<void>; reason: string; says: string }

const unschedulable = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient memory.' }

const waits: Row[] = [
  {
    what: 'an image that cannot be pulled',
    happens: (stage, pod) => stage.podWaits(pod, 'ErrImagePull', 'not found'),
    reason: 'ImagePull',
    says: 'worker 0 waits: image headgate:test cannot be pulled (ErrImagePull: not found); correct spec.pod.image',
  },
  {
    what: 'a missing Secret',
    happens: (stage, pod) => stage.podWaits(pod, 'CreateContainerConfigError', 'secret "headgate-store" not found'),
    reason: 'MissingSecret',
    says: 'worker 0 waits: secret "headgate-store" not found; create the Secret in the run’s namespace',
  },
  {
    what: 'no node with enough memory',
    happens: (stage, pod) => stage.podStatus(pod, { phase: 'Pending', conditions: [unschedulable] }),
    reason: 'Unschedulable',
    says: 'worker 0 waits: no node can run the pod (0/1 nodes are available: 1 Insufficient memory.); lower spec.resources',
  },
  {
    what: 'a container that cannot be started',
    happens: (stage, pod) => stage.podWaits(pod, 'RunContainerError', 'exec: "node": not found'),
    reason: 'ContainerStart',
    says: 'worker 0 waits: image headgate:test cannot be started (RunContainerError: exec: "node": not found)',
  },
]

const failure = { code: 'SourceNotFound', message: 'no file matches orders.csv; correct the path', retryable: false, slice: 2 }

const failures: Row[] = [
  {
    what: 'exit code 65 with a report',
    happens: async (stage, pod) => {
      await stage.podEnds(pod, 65, reportFixture('Failed', { failure }))
      await stage.jobFails(pod.slice(0, -4), 'PodFailurePolicy', 'Container worker failed with exit code 65 matching FailJob rule at index 0')
    },
    reason: 'RunFailed',
    says: 'SourceNotFound: no file matches orders.csv; correct the path',
  },
  {
    what: 'exit code 137',
    happens: async (stage, pod) => {
      await stage.podEnds(pod, 137)
      await stage.jobFails(pod.slice(0, -4), 'FailedIndexes', 'Job has failed indexes')
    },
    reason: 'OutOfMemory',
    says: 'worker 0 was killed (exit code 137), possibly out of memory; raise spec.resources.limits.memory',
  },
  {
    what: 'the deadline of the Job',
    happens: (stage, pod) => stage.jobFails(pod.slice(0, -4), 'DeadlineExceeded', 'Job was active longer than specified deadline'),
    reason: 'Timeout',
    says: 'the run exceeded spec.timeout',
  },
  {
    what: 'a worker that always fails',
    happens: async (stage, pod) => {
      await stage.podEnds(pod, 1, 'Error: no such host')
      await stage.jobFails(pod.slice(0, -4), 'FailedIndexes')
    },
    reason: 'WorkerFailed',
    says: 'the workers failed and their retries are used up; last failure: exit code 1 (Error: no such host); see kubectl logs',
  },
  {
    what: 'exit code 65 without a pod',
    happens: (stage, pod) => stage.jobFails(pod.slice(0, -4), 'PodFailurePolicy', 'Container worker failed with exit code 65 matching FailJob rule at index 0'),
    reason: 'RunFailed',
    says: 'the Job failed: Container worker failed with exit code 65',
  },
]

describeWithApiServer('a run whose pods', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const ended: string[] = []
  const store = { findTotals: async () => undefined, end: async ({ name }: StoredRun, state: string) => void ended.push(`${name} ${state}`) }
  const operator = await startRunOperator({ client, namespace, store })
  await stage.createPipeline('feed', { startDeadline: '5m', schedule: { cron: '@daily', suspend: true, concurrency: 'Allow' } })
  afterEach(() => operator.resetClock())
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })
  let runs = 0
  const startedRun = async () => {
    const name = `feed-${++runs}`
    await stage.createRun(name, 'feed')
    await stage.reaches(name, 'Starting')
    return { name, pod: await stage.createPod(name) }
  }

  test.each(waits)('cannot start because of $what reports the reason at once, and fails at the start deadline', async ({ happens, reason, says }) => {
    const { name, pod } = await startedRun()
    await happens(stage, pod)
    const waiting = conditionOf(await stage.reaches(name, 'Starting', reason))
    expect(waiting).toMatchObject({ status: 'Unknown', message: expect.stringContaining(says) })
    operator.advanceClock(301_000)
    const { status } = await stage.reaches(name, 'Failed', reason)
    expect(status?.conditions?.[0]).toMatchObject({
      status: 'False',
      message: expect.stringContaining(`no worker started within 5m (spec.startDeadline): ${says}`),
    })
    await eventually(async () => (await stage.job(name))?.spec?.suspend === true, 'the end of its Job')
    expect(ended).toContain(`${namespace}/${name} Failed`)
  })

  test.each(failures)('end with $what fails with the reason', async ({ happens, reason, says }) => {
    const { name, pod } = await startedRun()
    await stage.podRuns(pod)
    await stage.reaches(name, 'Running')
    await happens(stage, pod)
    const { status } = await stage.reaches(name, 'Failed', reason)
    expect(status?.conditions?.[0]).toMatchObject({ status: 'False', message: expect.stringContaining(says) })
    expect(status?.completionTime).toBeDefined()
    if (says.startsWith('SourceNotFound')) expect(status).toMatchObject({ failure, records: { read: 100 } })
  })

  test('alternate between two reasons for a bad image is updated once', async () => {
    const { name, pod } = await startedRun()
    await stage.podWaits(pod, 'ErrImagePull', 'not found')
    const before = await stage.reaches(name, 'Starting', 'ImagePull')
    await stage.podWaits(pod, 'ImagePullBackOff', 'Back-off pulling image')
    operator.advanceClock(5000)
    await eventually(() => operator.caches.pods.get(`${namespace}/${pod}`)?.waiting?.reason === 'ImagePullBackOff')
    operator.advanceClock(5000)
    await stage.podRuns(pod)
    await stage.reaches(name, 'Running')
    expect(conditionOf(before)?.message).toContain('ErrImagePull')
    expect(operator.writes.filter((write) => write === `apply pipelineruns/status ${name}`)).toHaveLength(4)
  })

  test('are never created reports the warning Event about the Job', async () => {
    const name = `feed-${++runs}`
    await stage.createRun(name, 'feed')
    await stage.reaches(name, 'Starting')
    const job = await stage.job(name)
    const regarding = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid: job?.metadata.uid }
    const event = { eventTime: new Date().toISOString().replace('Z', '000Z'), reportingController: 'job-controller', reportingInstance: 'test' }
    const condition = { type: 'Warning', reason: 'FailedCreate', action: 'Create', note: 'Error creating: pods is forbidden: exceeded quota: small' }
    await server.client.create({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'quota', namespace },
      regarding,
      ...event,
      ...condition,
    } as object)
    operator.advanceClock(15_000)
    const message = await eventually(async () => {
      const condition = conditionOf((await stage.run(name)) ?? ({ spec: { pipelineRef: { name: '' } } } as never))?.message
      return condition?.startsWith('the Job has created no pods') && condition
    })
    expect(message).toBe('the Job has created no pods: Error creating: pods is forbidden: exceeded quota: small (FailedCreate)')
    operator.advanceClock(301_000)
    await stage.reaches(name, 'Failed', 'StartDeadlineExceeded')
  })
})
