// Admission against a real API server: order, concurrency and the cap. The test acts as the Job controller.
import { afterAll, expect, test } from 'vitest'
import type { Concurrency } from '../../../../crds/defaults.ts'
import { describeWithApiServer, freshNamespace } from '../../../../test/support/kubernetes.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { jobs } from '../../../kubernetes/resources.ts'
import { startRunOperator } from '../../testing/run-operator.ts'
import { conditionOf, stageIn } from '../../testing/stage.ts'

function scheduled(concurrency: Concurrency) {
  return { schedule: { cron: '@daily', suspend: true, concurrency } }
}

describeWithApiServer('admission', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const operator = await startRunOperator({ client, namespace, maxActiveRuns: 4 })
  afterAll(async () => {
    await operator.stop()
    await client.close()
  })
  const succeed = async (name: string) => {
    await stage.jobSucceeds(name)
    await stage.reaches(name, 'Succeeded')
  }
  const noJob = async (name: string) => expect(await stage.job(name)).toBeUndefined()

  test('Queue starts one run at a time, in order of creation', async () => {
    await stage.createPipeline('q')
    await stage.createRun('q-1', 'q')
    await stage.reaches('q-1', 'Starting')
    for (const name of ['q-2', 'q-3', 'q-4']) {
      await stage.createRun(name, 'q')
      const waiting = await stage.reaches(name, 'Queued', 'Queued')
      expect(conditionOf(waiting)?.message).toBe('waits for an earlier run of Pipeline q to end (concurrency Queue)')
    }
    for (const [done, next, later] of [
      ['q-1', 'q-2', 'q-3'],
      ['q-2', 'q-3', 'q-4'],
    ] as const) {
      await succeed(done)
      await stage.reaches(next, 'Starting')
      await noJob(later)
    }
    await succeed('q-3')
    await stage.reaches('q-4', 'Starting')
    await succeed('q-4')
    expect(operator.writes.filter((write) => write === 'apply pipelineruns/status q-4')).toHaveLength(4)
  })

  test('Skip ends a run that is created while another is active', async () => {
    await stage.createPipeline('s', scheduled('Skip'))
    await stage.createRun('s-1', 's')
    await stage.reaches('s-1', 'Starting')
    await stage.createRun('s-2', 's')
    const { status } = await stage.reaches('s-2', 'Skipped', 'Skipped')
    expect(status).toMatchObject({ completionTime: expect.any(String), conditions: [{ status: 'False' }] })
    await succeed('s-1')
    await stage.createRun('s-3', 's')
    await stage.reaches('s-3', 'Starting')
    await succeed('s-3')
    await noJob('s-2')
  })

  test('Replace asks the active run to stop, and starts when it has stopped', async () => {
    await stage.createPipeline('r', scheduled('Replace'))
    await stage.createRun('r-1', 'r')
    await stage.reaches('r-1', 'Starting')
    await stage.jobStatus('r-1', { active: 1 })
    await stage.createRun('r-2', 'r')
    await stage.reaches('r-2', 'Queued')
    await stage.jobSuspended('r-1')
    expect((await stage.reaches('r-1', 'Cancelled')).spec.cancel).toBe(true)
    expect(conditionOf(await stage.reaches('r-1', 'Cancelled'))?.message).toBe('replaced by run r-2; committed batches are kept')
    await stage.reaches('r-2', 'Starting')
    await succeed('r-2')
  })

  test('Replace starts the newest waiting run', async () => {
    await stage.createRun('r-3', 'r')
    await stage.reaches('r-3', 'Starting')
    await stage.jobStatus('r-3', { active: 1 })
    await stage.createRun('r-4', 'r')
    await stage.reaches('r-4', 'Queued')
    await stage.createRun('r-5', 'r')
    expect(conditionOf(await stage.reaches('r-4', 'Cancelled'))?.message).toBe('replaced by run r-5 before it started')
    await stage.jobSuspended('r-3')
    await stage.reaches('r-5', 'Starting')
    await noJob('r-4')
    await succeed('r-5')
  })

  test('the cap applies to all Pipelines together, and the run that has waited longest starts first', async () => {
    const names = ['cap-a', 'cap-b', 'cap-c', 'cap-d']
    await stage.createPipeline('many', scheduled('Allow'))
    for (const name of names) await stage.createRun(name, 'many')
    for (const name of names) await stage.reaches(name, 'Starting')
    for (const name of ['late-1', 'late-2']) {
      await stage.createPipeline(name)
      await stage.createRun(name, name)
      expect(conditionOf(await stage.reaches(name, 'Queued'))?.message).toContain('waits for a free slot: 4 runs are active')
    }
    await succeed('cap-a')
    await stage.reaches('late-1', 'Starting')
    await noJob('late-2')
    await succeed('cap-b')
    await stage.reaches('late-2', 'Starting')
    for (const name of ['cap-c', 'cap-d', 'late-1', 'late-2']) await succeed(name)
  })

  test('a burst of runs never exceeds the cap', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `burst-${index + 10}`)
    await Promise.all(names.map((name) => stage.createRun(name, 'many')))
    let ended = 0
    while (ended < names.length) {
      const { items } = await client.list(jobs, { namespace })
      const active = items.filter(({ metadata, status }) => metadata.name.startsWith('burst-') && status?.conditions === undefined)
      expect(active.length).toBeLessThanOrEqual(4)
      for (const { metadata } of active) await stage.jobSucceeds(metadata.name)
      ended += active.length
    }
    for (const name of names) await stage.reaches(name, 'Succeeded')
    for (const name of names) expect(operator.writes.filter((write) => write === `create jobs ${name}`)).toHaveLength(1)
  })
})
