// Fault injection: worker, node, operator, Redis and PostgreSQL fail while four workers load a feed. The table, the counts and the status
// must equal those of an undisturbed run, and each run must have exactly one Job.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import { describeOnCluster, freshNamespace } from '../support/kubernetes.ts'
import { checksumOf, deleteVolumes, expectedChecksum, feedPipeline, feedRecords, keptPostgresql, makeTable, makeVolumes, tableOf } from './feed.ts'
import { JobWatch } from './job-watch.ts'
import { must, System, succeeded } from './system.ts'
import { until } from './until.ts'

describeOnCluster('A run with four workers', async (cluster) => {
  const system = new System(await freshNamespace(cluster))
  const jobs = new JobWatch()
  let undisturbed: PipelineRun | undefined
  let expected = ''
  afterAll(() => jobs.stop())
  afterAll(() => deleteVolumes(system))
  beforeAll(async () => {
    await makeVolumes(system)
    await system.install(keptPostgresql)
    await jobs.start(system)
    expected = await expectedChecksum(system)
  })

  /** Deletes pods without asking them, as a power cut would. */
  const kill = async (...pods: string[]) => must(await system.kubectl('delete', 'pod', ...pods, '--grace-period=0', '--force', '--wait=false'))
  const workerOf = async (run: string) => (await system.names('pods', `headgate.dev/run=${run}`))[0]?.replace('pod/', '') ?? ''
  const podOf = async (component: string) => (await system.names('pods', `app.kubernetes.io/component=${component}`))[0]?.replace('pod/', '') ?? ''
  const ready = async (workload: string) => must(await system.kubectl('rollout', 'status', workload, '--timeout=120s'))

  async function begin(pipeline: string, spec: object = {}): Promise<string> {
    const run = `${pipeline}-run`
    await makeTable(system, pipeline)
    await system.apply(feedPipeline(pipeline, spec))
    must(await system.headgate('trigger', pipeline, '--name', run))
    return run
  }

  const halfWay = (run: string) => system.runWhen(run, 'half way', 90, ({ status }) => status?.phase === 'Running' && (status.records?.read ?? 0) > 0)

  async function expectRight(run: string): Promise<void> {
    const { status } = await system.ended(run)
    expect(status).toMatchObject({ phase: 'Succeeded', conditions: [{ type: 'Succeeded', status: 'True' }] })
    const { read, ...rest } = status?.records ?? { read: 0 }
    expect(read).toBe(feedRecords)
    expect(Object.values(rest).reduce((sum, count) => sum + count, 0)).toBe(read)
    if (undisturbed !== undefined) expect(status?.records).toEqual(undisturbed.status?.records)
    expect(status?.slices?.done).toBe(status?.slices?.total)
    expect(await checksumOf(system, tableOf(run.replace(/-run$/, '')))).toBe(expected)
    expect(jobs.jobsEver(run)).toBe(1)
  }

  test('loads the right table, and its counts balance', async () => {
    const run = await begin('undisturbed')
    await expectRight(run)
    undisturbed = await system.run(run)
  })

  /** Right after a fault: it must not have come too late. */
  const expectGoing = async (run: string) => expect(succeeded((await system.run(run)) as PipelineRun)).toMatchObject({ status: 'Unknown' })

  const faults: Record<string, (run: string) => Promise<void>> = {
    'a worker is killed': async (run) => {
      await kill(await workerOf(run))
      await expectGoing(run)
    },
    'a pod is evicted': async (run) => {
      const pod = await workerOf(run)
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: system.namespace } }
      const path = `/api/v1/namespaces/${system.namespace}/pods/${pod}/eviction`
      must(await system.cluster.kubectl(['create', '--raw', path, '--filename', '-'], JSON.stringify(eviction)))
      await expectGoing(run)
    },
    'the operator is killed': async (run) => {
      await kill(await podOf('operator'))
      await expectGoing(run)
      await ready('deployment/headgate-operator')
    },
    'the operator is away until after its end': async (run) => {
      must(await system.kubectl('scale', 'deployment', 'headgate-operator', '--replicas=0'))
      must(await system.kubectl('wait', `job/${run}`, '--for=condition=Complete', '--timeout=120s'))
      await expectGoing(run)
      must(await system.kubectl('scale', 'deployment', 'headgate-operator', '--replicas=1'))
    },
    'Redis is wiped and killed': async (run) => {
      const flush = 'redis-cli --no-auth-warning -a "$(sed -n "s/^requirepass //p" /etc/headgate/redis.conf)" FLUSHALL'
      expect(must(await system.kubectl('exec', 'statefulset/headgate-redis', '--', 'sh', '-c', flush))).toBe('OK\n')
      await kill(await podOf('redis'))
      await expectGoing(run)
    },
    'PostgreSQL is restarted': async (run) => {
      must(await system.kubectl('delete', 'pod', await podOf('postgresql'), '--wait=false'))
      await expectGoing(run)
    },
  }

  test.each(Object.keys(faults))('loads the same when %s', async (fault) => {
    const run = await begin(`fault-${Object.keys(faults).indexOf(fault)}`)
    await halfWay(run)
    await faults[fault]?.(run)
    await expectRight(run)
  })

  test('stops when cancelled, and keeps the loaded records', async () => {
    const run = await begin('cancelled')
    await halfWay(run)
    expect(await system.headgate('cancel', run)).toMatchObject({ code: 0, stdout: expect.stringContaining('is asked to stop') })
    expect((await system.ended(run)).status).toMatchObject({ phase: 'Cancelled', conditions: [{ status: 'False', reason: 'Cancelled' }] })
    const atWork = async () => (await system.kubectl('get', 'pods', `--selector=headgate.dev/run=${run}`, '--field-selector=status.phase=Running')).stdout
    await until(async () => ((await atWork()) === '' ? true : undefined), { what: 'its workers to end', seconds: 60 })
    expect(Number(await system.sql('SELECT count(*) FROM feed.cancelled'))).toBeGreaterThan(0)
    expect(await system.sql(`SELECT state FROM headgate.run WHERE name = '${system.namespace}/${run}'`)).toBe('Cancelled')
  })

  test.each([
    ['its Pipeline', 'deleted-pipeline', 'pipelines.headgate.dev/deleted-pipeline'],
    ['the run', 'deleted-run', 'pipelineruns.headgate.dev/deleted-run-run'],
  ])('goes with all that it owns when %s is deleted, and its data stays', async (_, pipeline, target) => {
    const run = await begin(pipeline, { schedule: { cron: '0 0 1 1 *' } })
    await halfWay(run)
    const kinds = target.startsWith('pipelines.') ? 'pipelineruns.headgate.dev,jobs,pods,configmaps,cronjobs' : 'pipelineruns.headgate.dev,jobs,pods,configmaps'
    const owned = () => system.names(kinds, `headgate.dev/pipeline=${pipeline}`)
    const kindsOwned = async () => new Set((await owned()).map((name) => name.split('/')[0])).size
    expect(await kindsOwned()).toBe(kinds.split(',').length)
    must(await system.kubectl('delete', target))
    await until(async () => ((await kindsOwned()) === 0 ? true : undefined), { what: 'all that it owned to be gone', seconds: 60 })
    expect(Number(await system.sql(`SELECT count(*) FROM ${tableOf(pipeline)}`))).toBeGreaterThan(0)
    expect(await system.sql(`SELECT count(*) FROM headgate.run WHERE name = '${system.namespace}/${run}'`)).toBe('1')
    expect(jobs.jobsEver(run)).toBe(1)
  })
})
