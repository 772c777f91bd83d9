// Events on a real API server, as kubectl shows them.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { createClient } from './client.ts'
import { EventRecorder } from './events.ts'
import { events, pipelineRuns } from './resources.ts'

describeWithApiServer('events', async (server) => {
  const { namespace, kubeConfig, kubectl } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  afterAll(() => client.close())

  test('are accepted, counted in a series, and shown by kubectl describe', async () => {
    const run = await client.create(pipelineRuns, { metadata: { name: 'orders-1', namespace }, spec: { pipelineRef: { name: 'orders' } } })
    const { apiVersion, kind, metadata } = run
    const regarding = { apiVersion, kind, name: metadata.name, namespace, uid: metadata.uid ?? '' }
    const problems: unknown[] = []
    const recorder = new EventRecorder({ client, instance: 'operator-0', report: (_, error) => problems.push(error) })
    const waiting = { type: 'Warning', reason: 'ImagePull', message: 'worker 0 waits: image x:1 cannot be pulled', action: 'Observe' } as const
    for (let time = 0; time < 5; time++) {
      recorder.event(regarding, waiting)
      while ((await client.list(events, { namespace })).items.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await recorder.stop()
    expect(problems).toEqual([])
    const { items } = await client.list(events, { namespace })
    expect(items).toMatchObject([{ reason: 'ImagePull', regarding: { name: 'orders-1' }, series: { count: 5 } }])
    const described = await kubectl(['describe', 'pipelineruns.headgate.dev', 'orders-1', '-n', namespace])
    expect(described.stdout).toMatch(/Warning +ImagePull.*\(x5 over .*headgate.*worker 0 waits: image x:1 cannot be pulled/)
  })
})
