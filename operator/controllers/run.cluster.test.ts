// The life of runs against a real API server. The test plays the Job controller and the kubelet.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { createClient } from '../kubernetes/client.ts'
import { jobs, pipelineRuns } from '../kubernetes/resources.ts'
import { eventually, startRunOperator } from './testing/run-operator.ts'
import { conditionOf, reportOf, stageIn } from './testing/stage.ts'

describeWithApiServer('a run', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const operator = await startRunOperator({ client, namespace })
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })
  const writesOf = (run: string) => operator.writes.filter((write) => write.endsWith(` ${run}`) || write.endsWith(` ${run}-snapshot`))
  const eventsOf = (name: string) => operator.events.filter(({ run }) => run === name).map(({ content }) => content.reason)

  test('starts, works and succeeds, with few writes and a story told in events', async () => {
    await stage.createPipeline('plain')
    await stage.createRun('plain-1', 'plain')
    const starting = await stage.reaches('plain-1', 'Starting')
    expect(starting.status).toMatchObject({ jobName: 'plain-1', snapshotName: 'plain-1-snapshot', pipelineGeneration: 1, observedGeneration: 1 })
    const pod = await stage.createPod('plain-1')
    await stage.podRuns(pod)
    expect(conditionOf(await stage.reaches('plain-1', 'Running'))).toMatchObject({ status: 'Unknown', reason: 'Running', message: '1 worker is at work' })
    await stage.podEnds(pod, 0, reportOf('Succeeded'))
    await stage.jobSucceeds('plain-1')
    const { status, metadata } = await stage.reaches('plain-1', 'Succeeded')
    expect(status).toMatchObject({ records: { read: 100, loaded: 90 }, slices: { total: 4, done: 4 }, timings: { loadMs: 30 }, throughput: 1000, attempts: 0 })
    expect(status?.conditions).toMatchObject([{ type: 'Succeeded', status: 'True', message: 'read 100 records: 90 loaded, 5 unchanged, 5 quarantined' }])
    expect(status?.duration).toMatch(/^\d+m?s$/)
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pipeline', name: 'plain' }])
    expect(metadata.labels).toEqual({ 'headgate.dev/pipeline': 'plain' })
    expect(writesOf('plain-1')).toEqual([
      'patch pipelineruns plain-1',
      'create configmaps plain-1-snapshot',
      'create jobs plain-1',
      'apply pipelineruns/status plain-1',
      'apply pipelineruns/status plain-1',
      'apply pipelineruns/status plain-1',
    ])
    expect(eventsOf('plain-1')).toEqual(['Started', 'Running', 'Succeeded'])
  })
})
