// What a newcomer does, as the README and the chart's notes say: install, apply the example, run it, look at it; and a schedule
// that runs by itself meanwhile. NetworkPolicies are made too, but the cluster of test/cluster does not enforce them: nothing here shows that they work.
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeOnCluster, freshNamespace } from '../support/kubernetes.ts'
import { type ClusterObject, must, project, System } from './system.ts'
import { beginTroubles, describeTroubles } from './troubles.ts'
import { until } from './until.ts'

const example = join(project, 'examples', 'orders', 'pipeline.yaml')

describeOnCluster('A system as the chart installs it', async (cluster) => {
  const system = new System(await freshNamespace(cluster))
  beforeAll(async () => {
    await system.install()
    must(await system.kubectl('apply', '--filename', example))
    await system.apply(everyMinute)
    await beginTroubles(system)
  })

  test('runs the example on request, and the exit code reports how it ended', async () => {
    expect(await system.headgate('trigger', 'orders', '--name', 'first', '--wait', '--timeout', '2m')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^first {2}Succeeded in \d+s\n {2}2\/2 slices · 10 read · 7 loaded · 1 superseded · 2 quarantined/),
    })
  })

  test('has loaded the records of the feed into the tables', async () => {
    const orders = await system.sql('SELECT order_id, amount, country FROM sales.orders ORDER BY order_id')
    expect(orders.split('\n')).toEqual([
      ...['1001|49.90|DE', '1002|120.00|FR', '1003|9.25|US', '1004|1999.00|FI', '1006|310.40|NL', '1007|64.00|GB', '1009|5.00|US'],
    ])
    const rejected = await system.sql(
      `SELECT quarantine.state, jsonb_array_length(errors) FROM headgate.quarantine JOIN headgate.run ON run.id = run WHERE run.name = '${system.namespace}/first' ORDER BY 2`,
    )
    expect(rejected.split('\n')).toEqual(['open|1', 'open|2'])
  })

  test('shows both kinds under their short names, with the columns people look for', async () => {
    must(await system.kubectl('wait', 'pipelines.headgate.dev/orders', '--for=jsonpath={.status.lastRun.phase}=Succeeded', '--timeout=30s'))
    const pipelines = must(await system.kubectl('get', 'hgp', 'orders'))
    expect(pipelines).toMatch(/^NAME +SCHEDULE +SUSPENDED +LAST RUN +LAST SUCCESS +READY +AGE/)
    expect(pipelines).toMatch(/\norders +0 6 \* \* \* +Succeeded +\d+s +True +/)
    const runs = must(await system.kubectl('get', 'hgr', 'first'))
    expect(runs).toMatch(/^NAME +PIPELINE +STATUS +READ +LOADED +QUARANTINED +DURATION +AGE/)
    expect(runs).toMatch(/\nfirst +orders +Succeeded +10 +7 +2 +\d+s +/)
    expect(must(await system.kubectl('get', 'headgate', '--output', 'name'))).toContain('pipelinerun.headgate.dev/first\n')
  })

  test('does not modify the applied manifests', async () => {
    expect(await system.kubectl('diff', '--filename', example)).toMatchObject({ code: 0, stdout: '' })
  })

  test('passes the test that comes with the chart', async () => {
    expect(await system.helm('test', 'headgate', '--timeout=90s')).toMatchObject({ code: 0, stdout: expect.stringContaining('Succeeded') })
  })

  test('records an Event for each step of the run', async () => {
    const story = await until(
      async () => {
        const { stdout } = await system.kubectl('describe', 'pipelineruns.headgate.dev', 'first')
        return /Normal +Succeeded/.test(stdout) ? stdout : undefined
      },
      { what: 'the last event', seconds: 30 },
    )
    expect(story).toMatch(/Normal +Started .*created Job first with 2 workers from generation 1 of Pipeline orders/)
    // A run this short may have ended when the operator first reads its pods.
    expect(story).toMatch(/Normal +Running .*(running|all workers are done)/)
    expect(story).toMatch(/Normal +Succeeded .*read 10 records: 7 loaded, 1 superseded, 2 quarantined/)
  })

  test('finds everything unchanged when it runs again', async () => {
    must(await system.headgate('trigger', 'orders', '--name', 'again', '--wait', '--timeout', '2m'))
    expect((await system.run('again'))?.status).toMatchObject({ phase: 'Succeeded', records: { read: 10, quarantined: 2, loaded: 0 } })
    expect(await system.sql('SELECT count(*) FROM sales.orders')).toBe('7')
  })

  describe('kubectl headgate', () => {
    test('lists the runs of a pipeline', async () => {
      const runs = must(await system.headgate('runs', '--pipeline', 'orders'))
      expect(runs).toMatch(/^RUN +PIPELINE +STATUS/)
      expect(runs).toMatch(/\nagain +orders +Succeeded .*\nfirst +orders +Succeeded /)
    })

    test('shows what each worker wrote', async () => {
      expect(must(await system.headgate('logs', 'first'))).toMatch(/\[0\] .*\n(.*\n)*\[1\] /)
      expect(must(await system.headgate('logs', 'first', '--worker', '1', '--tail', '1'))).toBe('[1] Succeeded: 10 read, 7 loaded, 2 quarantined\n')
    })

    test('suggests the similar verb', async () => {
      expect(await system.headgate('trigger', 'order')).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean orders?') })
      expect(await system.headgate('cancel', 'first')).toMatchObject({ stderr: expect.stringContaining('run first has ended as Succeeded') })
    })
  })

  describe('A run that cannot succeed', () => describeTroubles(system))

  describe('A schedule', () => {
    const runs = () => system.names('pipelineruns.headgate.dev', 'headgate.dev/pipeline=every-minute')
    const waitForRuns = (count: number) =>
      until(async () => ((await runs()).length >= count ? await runs() : undefined), { what: `${count} scheduled runs`, seconds: 150, pollMs: 1000 })

    test('ticks without a pod, and each tick is a run', async () => {
      const [first = ''] = await waitForRuns(1)
      const name = first.split('/')[1] ?? ''
      expect(name).toMatch(/^every-minute-\d{8}-\d{4}$/)
      expect((await system.ended(name)).status).toMatchObject({ phase: 'Succeeded', records: { read: 10 } })
      expect(await system.names('cronjobs')).toContain('cronjob.batch/every-minute-schedule')
      const ticks = await system.kubectl(
        'get',
        'jobs',
        '--output=jsonpath={range .items[?(@.spec.completions==0)]}{.metadata.name} {.status.startTime}{"\\n"}{end}',
      )
      expect(ticks.stdout).toMatch(/^every-minute-schedule-\d+ /)
      expect((await system.names('pods', 'batch.kubernetes.io/job-name')).filter((pod) => pod.includes('schedule'))).toEqual([])
    })

    test('does not recreate a deleted run', async () => {
      const [deleted = ''] = await runs()
      must(await system.kubectl('delete', deleted))
      const before = (await runs()).length
      await waitForRuns(before + 1)
      expect(await runs()).not.toContain(deleted)
    })
  })
})

const everyMinute: ClusterObject = {
  apiVersion: 'headgate.dev/v1alpha1',
  kind: 'Pipeline',
  metadata: { name: 'every-minute' },
  spec: {
    schedule: { cron: '* * * * *' },
    source: { files: { paths: ['*.csv'], volume: { configMap: { name: 'orders-feed' } } } },
    format: { csv: { delimiter: ';' } },
    schema: { primaryKey: ['order_id'], fields: [{ name: 'order_id', type: 'integer' }] },
    destination: { postgres: { table: 'sales.order_numbers', createTable: true } },
  },
}
