// All controllers together on a real API server: live progress from a real Redis, retention, metrics.
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { progressTotalField, redisKeys } from '../crds/wire/redis-keys.ts'
import { describeWithApiServer, freshNamespace } from '../test/support/kubernetes.ts'
import { freshRedis } from '../test/support/redis.ts'
import { reportFixture } from './controllers/testing/cached.ts'
import { eventually } from './controllers/testing/run-operator.ts'
import { stageIn } from './controllers/testing/stage.ts'
import { createClient } from './kubernetes/client.ts'
import { jobs, pipelineRuns, pipelines } from './kubernetes/resources.ts'
import { openRedisProgress } from './progress-source.ts'
import { startTestOperator, type TestOperator, type TestOperatorOptions } from './testing/operator.ts'

const redis = await freshRedis()

describeWithApiServer('the controllers together', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  let operator: TestOperator | undefined
  let source: ReturnType<typeof openRedisProgress> | undefined
  const start = async (more: Partial<TestOperatorOptions> = {}) => {
    operator = await startTestOperator({ client, namespace, ...more })
    return operator
  }
  beforeEach(() => {
    source = openRedisProgress(redis.url)
  })
  afterEach(async () => {
    await operator?.stop()
    source?.close()
    expect(operator?.problems).toEqual([])
    operator = undefined
  })
  afterAll(() => client.close())

  const running = async (run: string) => {
    const pod = await stage.createPod(run)
    await stage.podRuns(pod)
    await stage.reaches(run, 'Running')
    return pod
  }
  const told = (read: number) => JSON.stringify({ slice: 0, read, loaded: read - 1, unchanged: 0, quarantined: 1, bytes: 1, done: false })
  const readOf = (run: string, read: number) =>
    eventually(async () => {
      const { status } = (await client.get(pipelineRuns, run, namespace)) ?? {}
      return status?.records?.read === read && status
    }, `${read} records in the status of ${run}`)

  test('the status of an active run follows Redis, also after an outage, and ends with the totals of the worker', async () => {
    if (source === undefined) return
    const { progressAnswers } = await start({ progressSources: [{ name: 'redis', source }] })
    await stage.createPipeline('live')
    await stage.createRun('live-1', 'live')
    const pod = await running('live-1')
    const key = redisKeys.progress(`${namespace}/live-1`)
    await redis.client.hset(key, { 0: told(1000), [progressTotalField]: '{"slices":3}' })
    expect(await readOf('live-1', 1000)).toMatchObject({ phase: 'Running', records: { loaded: 999, quarantined: 1 }, slices: { total: 3, done: 0 } })
    await redis.stop({ keep: true })
    await eventually(() => progressAnswers.at(-1) === 'redis down', 'the outage')
    await redis.start()
    await redis.client.hset(key, { 0: told(2000) })
    await readOf('live-1', 2000)
    await stage.podEnds(pod, 0, reportFixture('Succeeded'))
    await stage.jobSucceeds('live-1')
    expect((await stage.reaches('live-1', 'Succeeded')).status?.records?.read).toBe(100)
  })

  test('finished runs and their Jobs are deleted after their retention period, not earlier', async () => {
    await stage.createPipeline('old', { retention: { runs: '30d' } })
    const finished = async (name: string, daysAgo: number) => {
      await stage.createRun(name, 'old')
      const run = await stage.run(name)
      const owner = { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', name, uid: run?.metadata.uid ?? '', controller: true }
      const labels = { 'app.kubernetes.io/managed-by': 'headgate', 'app.kubernetes.io/component': 'worker' }
      const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'worker', image: 'i' }] } }
      await client.create(jobs, { metadata: { name, namespace, labels, ownerReferences: [owner] }, spec: { template } })
      const completionTime = new Date(Date.now() - daysAgo * 86_400_000).toISOString()
      await client.patch(pipelineRuns, name, namespace, { status: { phase: 'Succeeded', completionTime } }, { subresource: 'status' })
    }
    await finished('old-1', 31)
    await finished('old-2', 2)
    await finished('old-3', 0)
    // With no chance in it, the first sweep is at once and so is all that it finds.
    await start({ random: () => 0 })
    await eventually(async () => (await stage.run('old-1')) === undefined, 'the end of old-1')
    await eventually(async () => (await stage.job('old-2')) === undefined, 'the end of the Job of old-2')
    expect((await stage.run('old-2'))?.status?.phase).toBe('Succeeded')
    expect(await stage.job('old-3')).toBeDefined()
    const status = await eventually(async () => {
      const { status } = (await client.get(pipelines, 'old', namespace)) ?? {}
      return status?.lastRun?.name === 'old-3' && status
    })
    expect(status).toMatchObject({ active: 0, queued: 0, lastSuccess: { name: 'old-3' } })
  })

  test('ended runs and their records are counted', async () => {
    const { registry } = await start()
    await stage.createPipeline('counted')
    await stage.createRun('counted-1', 'counted')
    const pod = await running('counted-1')
    const runningRuns = `headgate_runs{namespace="${namespace}",pipeline="counted",phase="Running"} 1`
    // The gauge is computed from the operator's cache, which lags behind the status that the test has seen.
    await eventually(async () => (await registry.metrics()).includes(runningRuns), 'the gauge of running runs')
    await stage.podEnds(pod, 0, reportFixture('Succeeded'))
    await stage.jobSucceeds('counted-1')
    await stage.reaches('counted-1', 'Succeeded')
    const series = `namespace="${namespace}",pipeline="counted"`
    const metrics = await eventually(async () => {
      const text = await registry.metrics()
      return text.includes(`headgate_pipeline_last_success_timestamp_seconds{${series}}`) && text
    }, 'the success of the pipeline')
    expect(metrics).toContain(`headgate_runs_finished_total{${series},phase="Succeeded"} 1`)
    expect(metrics).toContain(`headgate_records_total{${series},outcome="quarantined"} 5`)
    expect(metrics).toContain(`headgate_run_duration_seconds_count{${series}} 1`)
    await client.delete(pipelines, 'counted', namespace)
    await eventually(async () => !(await registry.metrics()).includes(series), 'the end of the series')
  })
})
