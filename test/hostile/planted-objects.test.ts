// A tenant plants objects for the operator to find. The operator has the rights that the chart gives it, in every namespace; the tenant
// has rights in one namespace only, and must not get more through the operator.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunSnapshot, snapshotKey, snapshotName } from '../../crds/wire/snapshot.ts'
import { specFixture } from '../../operator/controllers/testing/objects.ts'
import { eventually, type RunOperator, startRunOperator } from '../../operator/controllers/testing/run-operator.ts'
import { conditionOf, stageIn } from '../../operator/controllers/testing/stage.ts'
import type { Job } from '../../operator/kubernetes/objects.ts'
import { configMaps, jobs, pipelineRuns, pods } from '../../operator/kubernetes/resources.ts'
import { appliedAccess } from '../chart/applied.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { clientOf, tenantOf } from './tenant.ts'

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'worker', image: 'attacker/image' }] } }

describeWithApiServer('a tenant who plants', async (server) => {
  const home = await freshNamespace(server)
  const { namespace } = await freshNamespace(server)
  appliedAccess(home)
  const tenant = tenantOf({ ...server, namespace })
  const client = clientOf(server, `system:serviceaccount:${home.namespace}:headgate-operator`)
  const stage = stageIn(tenant, namespace)
  let operator: RunOperator
  beforeAll(async () => {
    operator = await startRunOperator({ client, namespace })
  })
  afterAll(() => operator.stop())

  const ownerOf = (run: { metadata: { name: string; uid?: string } }) => [
    { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', name: run.metadata.name, uid: run.metadata.uid ?? '', controller: true },
  ]

  function plantSnapshot(run: { metadata: { name: string; uid?: string } }, change: Partial<RunSnapshot>, immutable = true) {
    const { name, uid = '' } = run.metadata
    const spec = { ...specFixture({ format: { csv: {} } }), pod: { image: 'attacker/image' } }
    const pipeline: RunSnapshot['pipeline'] = { apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'later', namespace }, spec }
    const snapshot: RunSnapshot = { name, namespace, uid, pipeline, params: {}, createdAt: '2026-03-01T00:00:00Z', ...change }
    const metadata = { name: snapshotName(name), namespace, ownerReferences: ownerOf(run) }
    return tenant.create(configMaps, { metadata, immutable, data: { [snapshotKey]: JSON.stringify(snapshot) } })
  }

  /** A run whose operator ended after so many writes: 2 with the record, 3 with the snapshot, 4 with the Job. */
  async function interrupted(name: string, writes: number, spec: Parameters<typeof stage.createPipeline>[1] = {}) {
    await operator.stop()
    await stage.createPipeline(name, spec)
    const dying = await startRunOperator({ client, namespace, crashAtWrite: writes, countedRun: name })
    const run = await stage.createRun(name, name)
    await dying.crashed
    await dying.stop()
    return run
  }

  const jobsIn = async (where: string) => (await server.kubectl(['get', 'jobs', '--namespace', where, '--output', 'name'])).stdout.trim()

  test('a snapshot of another namespace causes no write there', async () => {
    const run = await stage.createRun('evil', 'later')
    await stage.reaches('evil', 'Pending', 'PipelineNotFound')
    await plantSnapshot(run, { namespace: home.namespace, name: 'stolen' })
    await stage.createPipeline('later')
    expect(conditionOf(await stage.reaches('evil', 'Failed', 'NameTaken'))?.message).toBe(
      'a ConfigMap named evil-snapshot exists and does not belong to this run; delete it, or create the run under another name',
    )
    expect(await jobsIn(home.namespace)).toBe('')
    expect(await jobsIn(namespace)).toBe('')
  })

  test.each([
    ['an image of choice', {}],
    ['another uid', { uid: 'of-somebody-else' }],
    ['another name', { name: 'other' }],
  ])('a snapshot with %s before the operator has written its own gets nothing started', async (what, change) => {
    const name = `early-${what.replaceAll(' ', '-')}`
    await stage.createPipeline(name)
    const first = await stage.createRun(name, `${name}-later`)
    await plantSnapshot(first, change)
    await stage.createPipeline(`${name}-later`)
    await stage.reaches(name, 'Failed', 'NameTaken')
    expect(await stage.job(name)).toBeUndefined()
  })

  test('a Job with the run’s name and owner is not taken for the run’s Job', async () => {
    const run = await stage.createRun('job', 'job-later')
    await tenant.create(jobs, { metadata: { name: 'job', namespace, ownerReferences: ownerOf(run) }, spec: { template } })
    await stage.createPipeline('job-later')
    expect(conditionOf(await stage.reaches('job', 'Failed', 'NameTaken'))?.message).toBe(
      'a Job named job exists and does not belong to this run; delete it, or create the run under another name',
    )
    expect((await stage.run('job'))?.status?.jobName).toBeUndefined()
  })

  test('a Job with the run’s name after the run’s own Job is gone is not followed', async () => {
    await stage.createPipeline('swapped')
    const run = await stage.createRun('swapped', 'swapped')
    await stage.reaches('swapped', 'Starting')
    await operator.stop()
    await tenant.delete(jobs, 'swapped', namespace, { propagation: 'Background' })
    const labels = { 'app.kubernetes.io/managed-by': 'headgate', 'app.kubernetes.io/component': 'worker', 'headgate.dev/run': 'swapped' }
    await eventually(async () => (await stage.job('swapped')) === undefined)
    await tenant.create(jobs, { metadata: { name: 'swapped', namespace, labels, ownerReferences: ownerOf(run) }, spec: { template } })
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('swapped', 'Failed', 'JobLost')
  })

  test('a snapshot between the recorded hash and the snapshot of the operator starts nothing', async () => {
    const run = await interrupted('between', 2)
    expect((await stage.run('between'))?.status?.snapshotHash).toMatch(/^[0-9a-f]{64}$/)
    await plantSnapshot(run, {})
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('between', 'Failed', 'NameTaken')
    expect(await stage.job('between')).toBeUndefined()
  })

  test('a Job between the operator’s snapshot and its Job fails the run with the reason', async () => {
    const run = await interrupted('half', 3)
    await tenant.create(jobs, { metadata: { name: 'half', namespace, ownerReferences: ownerOf(run) }, spec: { template } })
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('half', 'Failed', 'NameTaken')
  })

  test('a Job for a run that is cancelled before it has started is not followed', async () => {
    const owner = ownerOf(await interrupted('cancelled', 3))
    const labels = { 'app.kubernetes.io/managed-by': 'headgate', 'app.kubernetes.io/component': 'worker', 'headgate.dev/run': 'cancelled' }
    await tenant.create(jobs, { metadata: { name: 'cancelled', namespace, labels, ownerReferences: owner }, spec: { template } })
    await stage.cancel('cancelled')
    operator = await startRunOperator({ client, namespace })
    const run = await stage.reaches('cancelled', 'Cancelled')
    expect(run.status?.jobUid).toBeUndefined()
    expect(conditionOf(run)?.message).toBe('cancelled before it started')
  })

  test('nothing, and removes the labels of a run’s Job, ends the run, which would otherwise hold its slot forever', async () => {
    await stage.createPipeline('unlabelled')
    await stage.createRun('unlabelled', 'unlabelled')
    await stage.reaches('unlabelled', 'Starting')
    await tenant.patch(jobs, 'unlabelled', namespace, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } })
    await stage.reaches('unlabelled', 'Failed', 'JobLost')
  })

  /** The Job of a run whose operator ended before it wrote that the run has started. */
  async function runWithJob(name: string): Promise<Job> {
    await interrupted(name, 4, { resources: { requests: { cpu: '0.5' }, limits: { memory: '1024Mi' } } })
    return await eventually(() => stage.job(name))
  }

  test('nothing gets the Job of the previous operator adopted by the next', async () => {
    const job = await runWithJob('own')
    operator = await startRunOperator({ client, namespace })
    expect((await stage.reaches('own', 'Starting')).status?.jobUid).toBe(job.metadata.uid)
  })

  test('a copy of the operator’s Job with another annotation is distinguished from it', async () => {
    const { spec = { template: {} }, metadata } = await runWithJob('dated')
    await tenant.delete(jobs, 'dated', namespace, { propagation: 'Background' })
    await eventually(async () => (await stage.job('dated')) === undefined)
    const { selector: _, template, ...rest } = spec
    const labels = Object.fromEntries(Object.entries(template.metadata?.labels ?? {}).filter(([label]) => !/job-name|controller-uid/.test(label)))
    const { name, ownerReferences = [], annotations = {} } = metadata
    expect(Object.keys(annotations).length).toBeGreaterThan(0)
    const other = Object.fromEntries(Object.keys(annotations).map((annotation) => [annotation, '999999999']))
    const marks = { labels: metadata.labels ?? {}, annotations: other }
    await tenant.create(jobs, { metadata: { name, namespace, ownerReferences, ...marks }, spec: { ...rest, template: { ...template, metadata: { labels } } } })
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('dated', 'Failed', 'NameTaken')
  })

  test('a copy of the operator’s Job with another image is distinguished from it', async () => {
    const { spec = { template: {} }, metadata } = await runWithJob('forged')
    await tenant.delete(jobs, 'forged', namespace, { propagation: 'Background' })
    await eventually(async () => (await stage.job('forged')) === undefined)
    const { selector: _, template: its, ...rest } = spec
    const pod = its.spec
    const labels = Object.fromEntries(Object.entries(its.metadata?.labels ?? {}).filter(([label]) => !/job-name|controller-uid/.test(label)))
    const containers = pod?.containers.map((one) => ({ ...one, image: 'attacker/image' })) ?? []
    const forged = { ...rest, template: { metadata: { labels }, spec: { ...pod, containers } } }
    const { name, ownerReferences = [] } = metadata
    await tenant.create(jobs, { metadata: { name, namespace, labels: metadata.labels ?? {}, ownerReferences }, spec: forged })
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('forged', 'Failed', 'NameTaken')
  })

  test('a snapshot that is not immutable is refused, even with the recorded text', async () => {
    const run = await interrupted('mutable', 3)
    const own = await tenant.get(configMaps, 'mutable-snapshot', namespace)
    await tenant.delete(configMaps, 'mutable-snapshot', namespace)
    await tenant.create(configMaps, { metadata: { name: 'mutable-snapshot', namespace, ownerReferences: ownerOf(run) }, data: own?.data })
    operator = await startRunOperator({ client, namespace })
    await stage.reaches('mutable', 'Failed', 'NameTaken')
  })

  test('pods with the run’s labels are not counted as its workers', async () => {
    await stage.createPipeline('pods')
    await stage.createRun('pods', 'pods')
    await stage.createPod('pods')
    const job = (await stage.job('pods')) as Job
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'pods', uid: job.metadata.uid ?? '' }
    for (const [name, owners] of Object.entries({ ownerless: [], uncontrolled: [owner], foreign: [{ ...owner, apiVersion: 'x.dev/v1', controller: true }] })) {
      await tenant.create(pods, { metadata: { ...job.spec?.template.metadata, name, namespace, ownerReferences: owners }, spec: job.spec?.template.spec })
    }
    const seen = await eventually(() => {
      const found = operator.caches.pods.byIndex('run', `${namespace}/pods`)
      return found.length === 4 && found
    }, 'four pods')
    expect(seen.filter(({ jobUid }) => jobUid === job.metadata.uid).map(({ name }) => name)).toEqual(['pods-0-0'])
  })

  test('nothing into a run’s status', async () => {
    await stage.createPipeline('status')
    await stage.createRun('status', 'status')
    const forged = { status: { snapshotHash: createHash('sha256').update('x').digest('hex') } }
    await expect(tenant.patch(pipelineRuns, 'status', namespace, forged, { subresource: 'status' })).rejects.toMatchObject({ status: 403 })
    await tenant.patch(pipelineRuns, 'status', namespace, forged)
    expect((await stage.reaches('status', 'Starting')).status?.snapshotHash).not.toBe(forged.status.snapshotHash)
  })
})
