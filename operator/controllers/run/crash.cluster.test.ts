// The operator ends at each of its writes, and another takes over: one Job, and the right end. Against a real API server.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { createClient } from '../../kubernetes/client.ts'
import { reportFixture } from '../testing/kept.ts'
import type { RunOperator } from '../testing/run-operator.ts'
import { startRunOperator } from '../testing/run-operator.ts'
import { stageIn } from '../testing/stage.ts'

/** Writes of the longest life: adoption, record, snapshot, Job, three times the status; one more to see the end. */
const points = Array.from({ length: 8 }, (_, index) => index)

describeWithApiServer('an operator that ends at any write and is followed by another', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  afterAll(() => client.close())

  /** Lets something happen while the first operator is there, which may end on the way, and then the second. */
  async function survives(diesAtWrite: number, life: () => Promise<unknown>): Promise<{ writes: string[]; survivor: RunOperator }> {
    const first = await startRunOperator({ client, namespace, diesAtWrite })
    const living = life()
    await Promise.race([first.died, living])
    await first.stop()
    const survivor = await startRunOperator({ client, namespace })
    await living.finally(() => survivor.stop())
    return { writes: [...first.writes, ...survivor.writes], survivor }
  }

  test.each(points)('after %i writes: the run succeeds with one Job', async (writes) => {
    const name = `good-${writes}`
    await stage.createPipeline(name)
    const { writes: all } = await survives(writes, async () => {
      await stage.createRun(name, name)
      const pod = await stage.createPod(name)
      await stage.podRuns(pod)
      await stage.reaches(name, 'Running')
      await stage.podEnds(pod, 0, reportFixture('Succeeded'))
      await stage.jobSucceeds(name)
      await stage.reaches(name, 'Succeeded')
    })
    expect(all.filter((write) => write === `create jobs ${name}`).length).toBeLessThanOrEqual(2)
    const job = await stage.job(name)
    const run = await stage.run(name)
    expect(job?.metadata.ownerReferences?.[0]?.uid).toBe(run?.metadata.uid)
    expect(run?.status).toMatchObject({ jobName: name, snapshotName: `${name}-snapshot`, pipelineGeneration: 1, records: { read: 100 } })
  })

  test.each(points)('after %i writes: the run is cancelled', async (writes) => {
    const name = `cancelled-${writes}`
    await stage.createPipeline(name)
    await survives(writes, async () => {
      await stage.createRun(name, name)
      await stage.createPod(name)
      await stage.cancel(name)
      await stage.reaches(name, 'Cancelled')
    })
    expect((await stage.job(name))?.spec?.suspend).toBe(true)
  })

  /** Starts a run of two workers with an operator that ends after so many writes, then declares nine workers, then lets another take over. */
  async function editedAfter(diesAtWrite: number, name: string) {
    await stage.createPipeline(name, { workers: 2 })
    const first = await startRunOperator({ client, namespace, diesAtWrite })
    await stage.createRun(name, name)
    await first.died
    await first.stop()
    const recorded = (await stage.run(name))?.status?.snapshotHash
    await server.kubectl(['patch', 'pipelines.headgate.dev', name, '--namespace', namespace, '--type', 'merge', '--patch', '{"spec":{"workers":9}}'])
    const second = await startRunOperator({ client, namespace })
    const { status } = await stage.reaches(name, 'Starting')
    await second.stop()
    return { recorded, status, workers: (await stage.job(name))?.spec?.completions }
  }

  test('after the declaration was recorded, before it was written, and the Pipeline edited: the edited one runs', async () => {
    const { recorded, status, workers } = await editedAfter(2, 'rewritten')
    expect(status?.pipelineGeneration).toBe(2)
    expect(recorded).toMatch(/^[0-9a-f]{64}$/)
    expect(status?.snapshotHash).not.toBe(recorded)
    expect(workers).toBe(9)
  })

  test.each([3, 4])('after %i writes, with the snapshot written, and the Pipeline edited: what runs is what was declared when it started', async (writes) => {
    const { recorded, status, workers } = await editedAfter(writes, `edited-${writes}`)
    expect(status?.pipelineGeneration).toBe(1)
    expect(status?.snapshotHash).toBe(recorded)
    expect(workers).toBe(2)
  })
})
