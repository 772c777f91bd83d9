// Schedules on a real API server. The test acts as the CronJob controller.
import { afterAll, afterEach, expect, test } from 'vitest'
import { annotations } from '../../../crds/metadata.ts'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { scheduledTimestamp } from '../../cache/cached.ts'
import { createClient } from '../../kubernetes/client.ts'
import { cronJobs, events, jobs, pipelineRuns, pipelines } from '../../kubernetes/resources.ts'
import { startTestOperator, type TestOperator } from '../../testing/operator.ts'
import { eventually } from '../testing/run-operator.ts'
import { stageIn } from '../testing/stage.ts'

describeWithApiServer('a schedule', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  let operator: TestOperator | undefined
  const start = async () => {
    operator = await startTestOperator({ client, namespace })
  }
  afterEach(async () => {
    await operator?.stop()
    expect(operator?.problems).toEqual([])
    operator = undefined
  })
  afterAll(() => client.close())

  const cronJobOf = (pipeline: string) => eventually(() => client.get(cronJobs, `${pipeline}-schedule`, namespace), `CronJob of ${pipeline}`)
  const hourly = { cron: '0 * * * *' }

  /** Creates the Job of a tick as the CronJob controller does. */
  async function tick(pipeline: string, minutesAgo: number): Promise<{ name: string; due: string }> {
    const cronJob = await cronJobOf(pipeline)
    const at = Math.floor(Date.now() / 60_000) - minutesAgo
    const due = new Date(at * 60_000).toISOString()
    const name = `${cronJob.metadata.name}-${at}`
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: cronJob.metadata.name, uid: cronJob.metadata.uid ?? '', controller: true }
    const template = cronJob.spec?.jobTemplate
    const metadata = { name, namespace, labels: template?.metadata?.labels ?? {}, annotations: { [scheduledTimestamp]: due }, ownerReferences: [owner] }
    await client.create(jobs, { metadata, spec: template?.spec })
    return { name, due }
  }

  const annotationsOf = async (job: string) => (await client.get(jobs, job, namespace))?.metadata.annotations ?? {}
  const settled = (job: string, name: string) => eventually(async () => (await annotationsOf(job))[name], `${name} on ${job}`)
  const runsOf = async (pipeline: string) =>
    (await client.list(pipelineRuns, { namespace })).items.filter(({ spec }) => spec.pipelineRef.name === pipeline).map(({ metadata }) => metadata.name)
  const ready = (pipeline: string, reason: string) =>
    eventually(async () => {
      const { status } = (await client.get(pipelines, pipeline, namespace)) ?? {}
      return status?.conditions?.find((condition) => condition.type === 'Ready' && condition.reason === reason) && status
    }, `${pipeline} ${reason}`)

  test('becomes a CronJob, which is updated and deleted with it', async () => {
    await start()
    await stage.createPipeline('clock', { schedule: { cron: '*/15 6-18 * * MON-FRI', timeZone: 'Europe/Berlin' } })
    expect((await cronJobOf('clock')).spec).toMatchObject({ schedule: '*/15 6-18 * * MON-FRI', timeZone: 'Europe/Berlin', suspend: false })
    expect(await ready('clock', 'Scheduled')).toMatchObject({ active: 0, queued: 0, nextRun: expect.stringMatching(/:(00|15|30|45):00Z$/) })
    await client.patch(pipelines, 'clock', namespace, { spec: { schedule: { suspend: true } } })
    await eventually(async () => (await cronJobOf('clock')).spec?.suspend === true)
    expect((await ready('clock', 'Suspended')).nextRun).toBeUndefined()
    await client.patch(cronJobs, 'clock-schedule', namespace, { spec: { suspend: false } })
    await eventually(async () => (await cronJobOf('clock')).spec?.suspend === true, 'the correction')
    await client.patch(pipelines, 'clock', namespace, { spec: { schedule: null } })
    await eventually(async () => (await client.get(cronJobs, 'clock-schedule', namespace)) === undefined)
    await ready('clock', 'Accepted')
  })

  test('creates one run per tick, and does not recreate the run after its deletion', async () => {
    await start()
    await stage.createPipeline('ticking', { schedule: { ...hourly, cron: '* * * * *' } })
    const { name, due } = await tick('ticking', 1)
    const run = await settled(name, annotations.run)
    expect(run).toBe(`ticking-${due.slice(0, 16).replaceAll('-', '').replace('T', '-').replace(':', '')}`)
    const made = await client.get(pipelineRuns, run, namespace)
    const minuteBefore = new Date(Date.parse(due) - 60_000).toISOString().replace('.000', '')
    expect(made?.spec).toEqual({ pipelineRef: { name: 'ticking' }, interval: { start: minuteBefore, end: due.replace('.000', '') } })
    expect(made?.metadata.ownerReferences).toMatchObject([{ kind: 'Pipeline', name: 'ticking' }])
    await client.delete(pipelineRuns, run, namespace)
    await operator?.stop()
    await start()
    const next = await tick('ticking', 0)
    const second = await settled(next.name, annotations.run)
    expect(await runsOf('ticking')).toEqual([second])
  })

  test('neither loses nor duplicates runs when finished ticks are deleted', async () => {
    await start()
    await stage.createPipeline('pruned', { schedule: hourly })
    const { name } = await tick('pruned', 2)
    const run = await settled(name, annotations.run)
    await client.delete(jobs, name, namespace, { propagation: 'Background' })
    const next = await tick('pruned', 1)
    const second = await settled(next.name, annotations.run)
    expect((await runsOf('pruned')).sort()).toEqual([run, second].sort())
  })

  test('runs the latest catchUp missed ticks when the operator is back', async () => {
    await start()
    await stage.createPipeline('away', { schedule: { ...hourly, catchUp: 2 } })
    await cronJobOf('away')
    await operator?.stop()
    const missed = [await tick('away', 240), await tick('away', 180), await tick('away', 120), await tick('away', 60)]
    const newest = await tick('away', 0)
    await start()
    await settled(newest.name, annotations.run)
    const skipped = await Promise.all(missed.slice(0, 2).map(({ name }) => settled(name, annotations.skipped)))
    expect(skipped).toEqual(['Missed', 'Missed'])
    expect(await runsOf('away')).toHaveLength(3)
    const skipNotes = await eventually(async () => {
      const { items } = await client.list(events, { namespace })
      const notes = items.filter(({ reason }) => reason === 'TickSkipped').map(({ note }) => note)
      return notes.length === 2 && notes
    }, 'both events')
    expect(skipNotes[0]).toContain('catchUp')
  })

  test('starts no runs while suspended, except those created by hand', async () => {
    await start()
    await stage.createPipeline('paused', { schedule: { ...hourly, suspend: true } })
    const { name } = await tick('paused', 0)
    expect(await settled(name, annotations.skipped)).toBe('Suspended')
    await stage.createRun('by-hand', 'paused')
    await stage.reaches('by-hand', 'Starting')
    expect(await runsOf('paused')).toEqual(['by-hand'])
  })

  test('refused by the API server stalls the pipeline with the reason, until it is corrected', async () => {
    await start()
    await stage.createPipeline('broken', { schedule: { cron: '61 * * * *' } })
    const { conditions } = await ready('broken', 'ScheduleRefused')
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False' },
      { type: 'Stalled', status: 'True', message: expect.stringMatching(/^the schedule is refused: spec\.schedule: .*61.*correct spec\.schedule$/) },
    ])
    await client.patch(pipelines, 'broken', namespace, { spec: { schedule: { cron: '1 * * * *' } } })
    expect((await ready('broken', 'Scheduled')).conditions).toMatchObject([{ type: 'Ready', status: 'True', observedGeneration: 2 }])
  })

  test.each([
    ['with', 'taken', { 'app.kubernetes.io/managed-by': 'headgate', 'headgate.dev/pipeline': 'taken' }],
    ['without', 'foreign', {}],
  ])('does not touch a foreign CronJob, %s the operator’s labels', async (_, name, labels) => {
    const container = { name: 'c', image: 'c' }
    const spec = { schedule: '0 0 * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } } }
    await client.create(cronJobs, { metadata: { name: `${name}-schedule`, namespace, labels }, spec } as never)
    await start()
    await stage.createPipeline(name, { schedule: hourly })
    const { conditions } = await ready(name, 'ScheduleNameTaken')
    expect(conditions?.[1]).toMatchObject({ type: 'Stalled', status: 'True' })
    expect((await cronJobOf(name)).spec?.schedule).toBe('0 0 * * *')
  })
})
