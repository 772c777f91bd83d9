// A tenant takes the name of a scheduled run before it is due, or plants ticks. The test plays the CronJob controller.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { annotations, labels } from '../../crds/metadata.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import { scheduledTimestamp } from '../../operator/cache/cached.ts'
import { eventually } from '../../operator/controllers/testing/run-operator.ts'
import { stageIn } from '../../operator/controllers/testing/stage.ts'
import { createClient, type KubeClient } from '../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'
import { cronJobs, events, jobs, pipelineRuns } from '../../operator/kubernetes/resources.ts'
import { startTestOperator, type TestOperator } from '../../operator/testing/operator.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { tenantOf } from './tenant.ts'

const minuteMs = 60_000
const cron = '* * * * *'
const component = { [labels.managedBy]: 'headgate', [labels.component]: 'schedule' }

describeWithApiServer('the run of a tick', async (server) => {
  const its = await freshNamespace(server)
  const { namespace } = its
  const client = createClient(its.kubeConfig)
  const tenant = tenantOf(its)
  const stage = stageIn(client, namespace)
  let operator: TestOperator
  beforeAll(async () => {
    operator = await startTestOperator({ client, namespace })
  })
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })

  /** The Job of a tick, as the CronJob controller makes it, or as a tenant plants it. */
  async function tick(by: KubeClient, pipeline: string, at: number) {
    const cronJob = await eventually(() => client.get(cronJobs, `${pipeline}-schedule`, namespace), 'the CronJob')
    const { name, uid = '' } = cronJob.metadata
    const metadata = {
      name: `${name}-${at / minuteMs}`,
      namespace,
      labels: { ...component, [labels.pipeline]: pipeline },
      annotations: { [scheduledTimestamp]: new Date(at).toISOString() },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
    }
    return await by.create(jobs, { metadata, spec: cronJob.spec?.jobTemplate.spec })
  }

  const due = () => Math.floor(Date.now() / minuteMs) * minuteMs - minuteMs
  const nameOf = (pipeline: string, at: number) =>
    `${pipeline}-${new Date(at).toISOString().slice(0, 16).replaceAll('-', '').replace('T', '-').replace(':', '')}`
  const runOf = async (tickName: string) => (await client.get(jobs, tickName, namespace))?.metadata.annotations?.[annotations.run]
  const settled = (tickName: string) => eventually(() => runOf(tickName), `the run of ${tickName}`)

  test.each<[string, (pipeline: string, at: number, tickUid: string) => Partial<PipelineRun & KubeObject>]>([
    ['has its name', () => ({})],
    ['is cancelled from the beginning', (pipeline) => ({ spec: { pipelineRef: { name: pipeline }, cancel: true } })],
    [
      'has the annotations and labels of a scheduled one',
      (pipeline, at) => ({
        metadata: { name: '', labels: { ...component, [labels.pipeline]: pipeline }, annotations: { [annotations.scheduledTime]: new Date(at).toISOString() } },
      }),
    ],
  ])('is created under another name if a run that %s was there before', async (what, planted) => {
    const pipeline = `pre-${createHash('sha256').update(what).digest('hex').slice(0, 6)}`
    const at = due()
    const name = nameOf(pipeline, at)
    const { metadata, ...more } = planted(pipeline, at, '')
    await tenant.create(pipelineRuns, { spec: { pipelineRef: { name: pipeline } }, ...more, metadata: { ...metadata, name, namespace } })
    await stage.createPipeline(pipeline, { schedule: { cron } })
    const { metadata: its } = await tick(client, pipeline, at)
    const made = await settled(its.name)
    expect(made).toMatch(new RegExp(`^${name}-[0-9a-f]{4}$`))
    expect((await stage.run(made))?.spec.interval?.end).toBe(new Date(at).toISOString().replace('.000', ''))
    const told = await eventually(async () => {
      const { items } = await client.list(events, { namespace })
      return items.find(({ reason, note }) => reason === 'RunNameTaken' && note.includes(name))
    }, 'the Event')
    expect(told.type).toBe('Warning')
  })

  test('is recognised as the operator’s own run, even if it was cancelled since', async () => {
    const pipeline = 'twice'
    await stage.createPipeline(pipeline, { schedule: { cron } })
    const { metadata } = await tick(client, pipeline, due())
    const name = await settled(metadata.name)
    await stage.cancel(name)
    await client.patch(jobs, metadata.name, namespace, { metadata: { annotations: { [annotations.run]: null } } })
    expect(await settled(metadata.name)).toBe(name)
    const { items } = await client.list(pipelineRuns, { namespace })
    expect(items.filter(({ spec }) => spec.pipelineRef.name === pipeline)).toHaveLength(1)
  })

  test('is not created twice if the run that took its name is gone when another operator takes over', async () => {
    const [pipeline, at] = ['freed', due()]
    const name = nameOf(pipeline, at)
    await tenant.create(pipelineRuns, { metadata: { name, namespace }, spec: { pipelineRef: { name: pipeline } } })
    await stage.createPipeline(pipeline, { schedule: { cron } })
    const { metadata } = await tick(client, pipeline, at)
    const made = await settled(metadata.name)
    await tenant.delete(pipelineRuns, name, namespace)
    await client.patch(jobs, metadata.name, namespace, { metadata: { annotations: { [annotations.run]: null } } })
    expect(await settled(metadata.name)).toBe(made)
    expect(await stage.run(name)).toBeUndefined()
  })

  test('is not created for a tick in the future, and the real tick gets its run', async () => {
    const pipeline = 'future'
    await stage.createPipeline(pipeline, { schedule: { cron } })
    const at = due()
    const planted = await tick(tenant, pipeline, at + 600 * minuteMs)
    const real = await tick(client, pipeline, at)
    expect(await settled(real.metadata.name)).toBe(nameOf(pipeline, at))
    expect(await runOf(planted.metadata.name)).toBeUndefined()
  })
})
