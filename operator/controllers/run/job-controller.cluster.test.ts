// Runs with the real Kubernetes Job controller, to test the policies of the run's Job. The test acts as the kubelet only.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { createClient } from '../../kubernetes/client.ts'
import { pods } from '../../kubernetes/resources.ts'
import { reportFixture } from '../testing/cached.ts'
import { eventually, startRunOperator } from '../testing/run-operator.ts'
import { conditionOf, stageIn } from '../testing/stage.ts'

describeWithApiServer(
  'with the real Job controller a run',
  async (server) => {
    const { namespace, kubeConfig } = await freshNamespace(server)
    const client = createClient(kubeConfig)
    const stage = stageIn(client, namespace)
    const operator = await startRunOperator({ client, namespace })
    afterAll(async () => {
      await operator.stop()
      await client.close()
    })
    /** The pods of a run's workers, sorted by index, after all have been created and marked as running. */
    const workersOf = async (run: string, count: number): Promise<string[]> => {
      const found = await eventually(async () => {
        const { items } = await client.list(pods, { namespace, labelSelector: `headgate.dev/run=${run}` })
        return items.length === count && items.map(({ metadata }) => metadata.name).toSorted()
      }, `${count} pods of ${run}`)
      for (const pod of found) await stage.podRuns(pod)
      return found
    }
    const start = async (name: string, spec: Parameters<typeof stage.createPipeline>[1] = {}) => {
      await stage.createPipeline(name, spec)
      await stage.createRun(name, name)
    }

    test('succeeds when one of its workers succeeds', async () => {
      await start('good', { workers: 2 })
      const [first = ''] = await workersOf('good', 2)
      await stage.reaches('good', 'Running')
      await stage.podEnds(first, 0, reportFixture('Succeeded'))
      expect((await stage.reaches('good', 'Succeeded')).status?.records?.read).toBe(100)
    })

    test('fails when one of its workers reports a final failure', async () => {
      await start('bad', { workers: 2 })
      const [first = ''] = await workersOf('bad', 2)
      const failure = { code: 'SourceNotFound', message: 'no file', retryable: false }
      await stage.podEnds(first, 65, reportFixture('Failed', { failure }))
      expect(conditionOf(await stage.reaches('bad', 'Failed', 'RunFailed'))?.message).toBe('SourceNotFound: no file')
    })

    test('continues when a worker fails', async () => {
      await start('shaky')
      const [first = ''] = await workersOf('shaky', 1)
      await stage.reaches('shaky', 'Running')
      await stage.podEnds(first, 1, 'Error: no such host')
      const run = await eventually(async () => {
        const now = await stage.run('shaky')
        return now?.status?.attempts === 1 && now
      })
      expect(conditionOf(run)?.message).toBe('worker 0 failed with exit code 1 (Error: no such host); it is restarted')
    })

    test('fails when its timeout has passed', async () => {
      await start('slow', { timeout: '1s' })
      await stage.reaches('slow', 'Failed', 'Timeout')
    })

    test('ends after cancellation when its pods are gone', async () => {
      await start('stopped', { workers: 2 })
      await workersOf('stopped', 2)
      await stage.reaches('stopped', 'Running')
      await stage.cancel('stopped')
      await stage.reaches('stopped', 'Cancelled')
      const { items } = await client.list(pods, { namespace, labelSelector: 'headgate.dev/run=stopped' })
      expect(items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([])
    })

    test('leaves no pods behind if it never starts', async () => {
      await start('stuck', { startDeadline: '1s' })
      await stage.reaches('stuck', 'Failed', 'StartDeadlineExceeded')
      await eventually(async () => {
        const { items } = await client.list(pods, { namespace, labelSelector: 'headgate.dev/run=stuck' })
        return items.length === 0
      }, 'the end of its pods')
    })
  },
  { controllers: true },
)
