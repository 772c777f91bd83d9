// A release's life with real runs: upgraded half way through one, uninstalled, installed again; and what its operator is refused.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeOnCluster, freshNamespace } from '../support/kubernetes.ts'
import { checksumOf, deleteVolumes, expectedChecksum, feedPipeline, feedRecords, keptPostgresql, makeTable, makeVolumes, tableOf } from './feed.ts'
import { JobWatch } from './job-watch.ts'
import { must, System } from './system.ts'
import { until } from './until.ts'

describeOnCluster('A release', async (cluster) => {
  const system = new System(await freshNamespace(cluster))
  const jobs = new JobWatch()
  afterAll(() => jobs.stop())
  afterAll(() => deleteVolumes(system))
  beforeAll(async () => {
    await makeVolumes(system)
    await system.install(keptPostgresql)
    await jobs.start(system)
    await makeTable(system, 'feed')
    await system.apply(feedPipeline('feed'))
    must(await system.headgate('trigger', 'feed', '--name', 'run'))
  })

  test('gives its workers no service account token', async () => {
    const [worker = ''] = await until(
      async () => {
        const found = await system.names('pods', 'headgate.dev/run=run')
        return found.length > 0 ? found : undefined
      },
      { what: 'a worker', seconds: 60 },
    )
    const { stdout } = await system.kubectl('get', worker, '--output=jsonpath={.spec.automountServiceAccountToken} {.spec.volumes[*].projected}')
    expect(stdout.trim()).toBe('false')
  })

  test('can be upgraded during a run without affecting the run', async () => {
    await system.runWhen('run', 'at work', 90, ({ status }) => (status?.records?.read ?? 0) > 0)
    await system.upgrade({ operator: { maxActiveRuns: 7 } })
    expect((await system.ended('run')).status).toMatchObject({ phase: 'Succeeded', records: { read: feedRecords } })
    expect(jobs.jobsEver('run')).toBe(1)
    expect(await checksumOf(system, tableOf('feed'))).toBe(await expectedChecksum(system))
  })

  describe('lets its operator do what it needs and nothing else:', () => {
    const account = `system:serviceaccount:${system.namespace}:headgate-operator`
    const as = (...args: string[]) => system.kubectl(`--as=${account}`, ...args)

    test.each([
      ['get pipelines.headgate.dev,pipelineruns.headgate.dev,cronjobs,jobs,pods --all-namespaces'],
      ['create job dry --image=none --dry-run=server'],
      ['create configmap dry --dry-run=server'],
      ['delete job run --dry-run=server'],
      ['get configmap run-snapshot'],
    ])('kubectl %s', async (command) => {
      expect(await as(...command.split(' '))).toMatchObject({ code: 0 })
    })

    test.each([
      ['get secrets'],
      ['get secret headgate-store'],
      ['create secret generic taken --from-literal=key=value'],
      ['exec statefulset/headgate-postgresql -- true'],
      ['logs statefulset/headgate-postgresql'],
      ['attach pod/headgate-postgresql-0'],
      ['port-forward pod/headgate-postgresql-0 :5432'],
      ['run pod --image=none'],
      ['delete pod headgate-postgresql-0'],
      ['get configmaps'],
      ['delete configmap run-snapshot'],
      ['label pipelines.headgate.dev feed its=mine'],
      ['delete pipelines.headgate.dev feed'],
      ['create token headgate-operator'],
      ['create serviceaccount other'],
      ['create deployment other --image=none'],
      ['scale deployment headgate-operator --replicas=0'],
      ['create clusterrole all --verb=* --resource=*'],
      ['create clusterrolebinding all --clusterrole=cluster-admin --user=me'],
      ['create rolebinding all --clusterrole=admin --user=me'],
      ['get nodes'],
      ['get namespaces'],
      ['delete customresourcedefinition pipelines.headgate.dev'],
      ['get leases --namespace kube-system'],
    ])('not kubectl %s', async (command) => {
      expect(await as(...command.split(' '))).toMatchObject({ code: 1, stderr: expect.stringMatching(/forbidden/i) })
    })
  })

  test('leaves definitions, Pipelines, runs and data behind when it is uninstalled', async () => {
    must(await system.helm('uninstall', 'headgate', '--wait', '--timeout=120s'))
    expect(await system.names('pipelines.headgate.dev,pipelineruns.headgate.dev')).toEqual(expect.arrayContaining(['pipelinerun.headgate.dev/run']))
    await system.install(keptPostgresql)
    expect(await checksumOf(system, tableOf('feed'))).toBe(await expectedChecksum(system))
    expect(await system.sql('SELECT state FROM headgate.run ORDER BY id')).toBe('Succeeded')
  })

  test('does not restart an ended run', async () => {
    must(await system.kubectl('delete', 'jobs', '--all'))
    must(await system.headgate('trigger', 'feed', '--name', 'anew', '--wait', '--timeout', '2m'))
    expect([jobs.jobsEver('run'), jobs.jobsEver('anew')]).toEqual([1, 1])
  })
})
