// The operator crashes at each of its writes and another takes over: the run gets one Job and ends correctly. Against a real API server.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { createClient } from '../../kubernetes/client.ts'
import { reportFixture } from '../testing/cached.ts'
import type { RunOperator } from '../testing/run-operator.ts'
import { eventually, startRunOperator } from '../testing/run-operator.ts'
import { stageIn } from '../testing/stage.ts'

/** A complete run takes seven writes: adoption, record, snapshot, Job, and three of the status. The eighth point is after the last. */
const points = Array.from({ length: 8 }, (_, index) => index)

describeWithApiServer('an operator that crashes at any write and is replaced by another', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  afterAll(() => client.close())

  /** Runs `life` with an operator that may crash on the way, and then with a second one. */
  async function survives(crashAtWrite: number, life: () => Promise<unknown>): Promise<{ writes: string[]; survivor: RunOperator }> {
    const first = await startRunOperator({ client, namespace, crashAtWrite })
    const living = life()
    await Promise.race([first.crashed, living])
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
      await eventually(async () => (await stage.job(name))?.spec?.suspend === true, 'suspension')
      await stage.jobSuspended(name)
      await stage.reaches(name, 'Cancelled')
    })
  })

  /** Starts a run of two workers with an operator that crashes after `crashAtWrite` writes, declares nine workers, and starts another operator. */
  async function editedAfter(crashAtWrite: number, name: string) {
    await stage.createPipeline(name, { workers: 2 })
    const first = await startRunOperator({ client, namespace, crashAtWrite })
    await stage.createRun(name, name)
    await first.crashed
    await first.stop()
    const recorded = (await stage.run(name))?.status?.snapshotHash
    await server.kubectl(['patch', 'pipelines.headgate.dev', name, '--namespace', namespace, '--type', 'merge', '--patch', '{"spec":{"workers":9}}'])
    const second = await startRunOperator({ client, namespace })
    const { status } = await stage.reaches(name, 'Starting')
    await second.stop()
    return { recorded, status, workers: (await stage.job(name))?.spec?.completions }
  }

  test('after recording the hash, before writing the snapshot, with the Pipeline edited: the edited declaration runs', async () => {
    const { recorded, status, workers } = await editedAfter(2, 'rewritten')
    expect(status?.pipelineGeneration).toBe(2)
    expect(recorded).toMatch(/^[0-9a-f]{64}$/)
    expect(status?.snapshotHash).not.toBe(recorded)
    expect(workers).toBe(9)
  })

  test.each([3, 4])('after %i writes, with the snapshot written and the Pipeline edited: the original declaration runs', async (writes) => {
    const { recorded, status, workers } = await editedAfter(writes, `edited-${writes}`)
    expect(status?.pipelineGeneration).toBe(1)
    expect(status?.snapshotHash).toBe(recorded)
    expect(workers).toBe(2)
  })
})
