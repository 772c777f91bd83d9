// The lifecycle of runs against a real API server. The test acts as the Job controller and the kubelet.
import { afterAll, afterEach, expect, test } from 'vitest'
import { labels } from '../../../crds/metadata.ts'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { createClient } from '../../kubernetes/client.ts'
import { configMaps, jobs, pipelineRuns, pipelines, pods } from '../../kubernetes/resources.ts'
import { reportFixture } from '../testing/cached.ts'
import { eventually, startRunOperator } from '../testing/run-operator.ts'
import { conditionOf, stageIn } from '../testing/stage.ts'

describeWithApiServer('a run', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const operator = await startRunOperator({ client, namespace })
  afterEach(() => operator.resetClock())
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })
  const writesOf = (run: string) => operator.writes.filter((write) => write.endsWith(` ${run}`) || write.endsWith(` ${run}-snapshot`))
  const eventsOf = (name: string) => operator.events.filter(({ run }) => run === name).map(({ content }) => content.reason)

  test('starts, runs and succeeds, with few writes and an Event per step', async () => {
    await stage.createPipeline('plain')
    await stage.createRun('plain-1', 'plain')
    const starting = await stage.reaches('plain-1', 'Starting')
    expect(starting.status).toMatchObject({ jobName: 'plain-1', snapshotName: 'plain-1-snapshot', pipelineGeneration: 1, observedGeneration: 1 })
    const pod = await stage.createPod('plain-1')
    await stage.podRuns(pod)
    expect(conditionOf(await stage.reaches('plain-1', 'Running'))).toMatchObject({ status: 'Unknown', reason: 'Running', message: '1 worker is running' })
    await stage.podEnds(pod, 0, reportFixture('Succeeded'))
    await stage.jobSucceeds('plain-1')
    const { status, metadata } = await stage.reaches('plain-1', 'Succeeded')
    expect(status).toMatchObject({ records: { read: 100, loaded: 90 }, slices: { total: 4, done: 4 }, timings: { loadMs: 30 }, throughput: 1000, attempts: 0 })
    expect(status?.conditions).toMatchObject([{ type: 'Succeeded', status: 'True', message: 'read 100 records: 90 loaded, 5 unchanged, 5 quarantined' }])
    expect(status?.duration).toMatch(/^\d+m?s$/)
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pipeline', name: 'plain' }])
    expect(metadata.labels).toEqual({ 'headgate.dev/pipeline': 'plain' })
    expect(writesOf('plain-1')).toEqual([
      'patch pipelineruns plain-1',
      'apply pipelineruns/status plain-1',
      'create configmaps plain-1-snapshot',
      'create jobs plain-1',
      'apply pipelineruns/status plain-1',
      'apply pipelineruns/status plain-1',
      'apply pipelineruns/status plain-1',
    ])
    // The Event is recorded after the status is written.
    await expect.poll(() => eventsOf('plain-1')).toEqual(['Started', 'Running', 'Succeeded'])
  })

  test('whose pods are missing from the cache still gets their report', async () => {
    await stage.createPipeline('behind')
    await stage.createRun('behind-1', 'behind')
    const pod = await stage.createPod('behind-1')
    await client.patch(pods, pod, namespace, { metadata: { labels: { [labels.component]: null } } })
    await stage.podEnds(pod, 0, reportFixture('Succeeded'))
    await stage.jobSucceeds('behind-1')
    expect((await stage.reaches('behind-1', 'Succeeded')).status?.records).toMatchObject({ read: 100, loaded: 90 })
  })

  test('runs the declaration of its start, even if the Pipeline is edited later', async () => {
    await stage.createPipeline('edited', { workers: 2, timeout: '1h' })
    await stage.createRun('edited-1', 'edited', { params: { day: '2026-03-01' }, interval: { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00Z' } })
    await stage.reaches('edited-1', 'Starting')
    await client.patch(pipelines, 'edited', namespace, { spec: { workers: 5 } })
    const snapshot = JSON.parse((await client.get(configMaps, 'edited-1-snapshot', namespace))?.data?.['run.json'] ?? '')
    expect(snapshot).toMatchObject({ name: 'edited-1', params: { day: '2026-03-01' }, pipeline: { spec: { workers: 2 } } })
    expect((await stage.job('edited-1'))?.spec).toMatchObject({ completions: 2, parallelism: 2, activeDeadlineSeconds: 3600 })
  })

  test('created before its Pipeline waits 30 seconds for the Pipeline', async () => {
    await stage.createRun('early-1', 'early')
    const waiting = await stage.reaches('early-1', 'Pending', 'PipelineNotFound')
    expect(conditionOf(waiting)).toMatchObject({
      status: 'Unknown',
      message: `there is no Pipeline early in namespace ${namespace} yet; the run waits up to 30 seconds for it`,
    })
    await stage.createPipeline('early')
    await stage.reaches('early-1', 'Starting')
  })

  test('whose Pipeline is never created fails', async () => {
    await stage.createRun('never-1', 'never')
    await stage.reaches('never-1', 'Pending')
    operator.advanceClock(31_000)
    const { status } = await stage.reaches('never-1', 'Failed', 'PipelineNotFound')
    expect(status?.conditions?.[0]?.message).toBe(`there is no Pipeline never in namespace ${namespace}; apply it, then create another run`)
  })

  test('whose Job was deleted fails, and gets no second Job', async () => {
    await stage.createPipeline('lost')
    await stage.createRun('lost-1', 'lost')
    await stage.reaches('lost-1', 'Starting')
    await client.delete(jobs, 'lost-1', namespace, { propagation: 'Background' })
    await stage.reaches('lost-1', 'Failed', 'JobLost')
    operator.advanceClock(3600_000)
    expect(writesOf('lost-1').filter((write) => write === 'create jobs lost-1')).toHaveLength(1)
    expect(await stage.job('lost-1')).toBeUndefined()
  })

  test('that has ended keeps its status when its Job and pods are deleted', async () => {
    await client.delete(jobs, 'plain-1', namespace, { propagation: 'Background' })
    await eventually(() => operator.caches.jobs.get(`${namespace}/plain-1`) === undefined)
    operator.advanceClock(1000)
    await stage.createRun('plain-2', 'plain')
    await stage.reaches('plain-2', 'Starting')
    expect((await stage.run('plain-1'))?.status?.phase).toBe('Succeeded')
    expect(writesOf('plain-1')).toHaveLength(7)
  })

  test('deleted while active lets the next run start', async () => {
    await stage.createPipeline('gone')
    await stage.createRun('gone-1', 'gone')
    await stage.reaches('gone-1', 'Starting')
    await stage.createRun('gone-2', 'gone')
    await stage.reaches('gone-2', 'Queued')
    await client.delete(pipelineRuns, 'gone-1', namespace)
    await stage.reaches('gone-2', 'Starting')
  })

  test('recreated under the same name waits until the objects of the earlier run are deleted', async () => {
    await stage.createPipeline('again')
    await stage.createRun('again-1', 'again')
    await stage.reaches('again-1', 'Starting')
    await client.delete(pipelineRuns, 'again-1', namespace)
    const second = await stage.createRun('again-1', 'again')
    const { status } = await stage.reaches('again-1', 'Pending', 'NameTaken')
    expect(status?.conditions?.[0]?.message).toBe(
      'the ConfigMap named again-1-snapshot of an earlier run of this name is still being deleted; this run starts after that',
    )
    await client.delete(configMaps, 'again-1-snapshot', namespace)
    await client.delete(jobs, 'again-1', namespace, { propagation: 'Background' })
    await stage.reaches('again-1', 'Starting')
    expect((await stage.job('again-1'))?.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid)
  })

  test('whose name is taken by a foreign Job fails with NameTaken', async () => {
    await stage.createPipeline('taken')
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } }
    await client.create(jobs, { metadata: { name: 'taken-1', namespace }, spec: { template } })
    await stage.createRun('taken-1', 'taken')
    const { status } = await stage.reaches('taken-1', 'Failed', 'NameTaken')
    expect(status?.conditions?.[0]?.message).toBe('a Job named taken-1 exists and does not belong to this run; delete it, or create the run under another name')
  })
})
