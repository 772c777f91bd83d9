// Deletion of a namespace with an active run, with the real Kubernetes namespace, Job and garbage controllers, and an operator whose RBAC
// covers only that namespace.
import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { appliedAccess } from '../../../test/chart/applied.ts'
import { clientOf } from '../../../test/hostile/tenant.ts'
import { describeWithApiServer, freshNamespace } from '../../../test/support/kubernetes.ts'
import { createClient } from '../../kubernetes/client.ts'
import { pods } from '../../kubernetes/resources.ts'
import { reportFixture } from '../testing/cached.ts'
import { eventually, startRunOperator } from '../testing/run-operator.ts'
import { stageIn } from '../testing/stage.ts'

const sites = ['running', 'with a worker that failed', 'cancelled', 'after the operator was away'] as const
const namespaces = new Map(sites.map((site) => [site, `test-gone-${randomBytes(6).toString('hex')}`]))

describeWithApiServer(
  'a namespace deleted during a run',
  async (server) => {
    const home = await freshNamespace(server)
    for (const namespace of namespaces.values()) await server.kubectl(['create', 'namespace', namespace])
    appliedAccess(home, { watchNamespaces: [...namespaces.values()], 'rbac.aggregateRoles': false, 'crds.install': false })
    const people = createClient(home.kubeConfig)
    const client = clientOf(server, `system:serviceaccount:${home.namespace}:headgate-operator`)
    afterAll(() => people.close())

    test.each(sites)('%s disappears although its pods have a finalizer of the Job, and the run reports the reason', async (site) => {
      const namespace = namespaces.get(site) as string
      const stage = stageIn(people, namespace)
      let operator = await startRunOperator({ client, namespace })
      await stage.createPipeline('feed', { workers: 2 })
      await stage.createRun('feed-1', 'feed')
      const [first = '', second = ''] = await eventually(async () => {
        const { items } = await people.list(pods, { namespace })
        return items.length === 2 && items.map(({ metadata }) => metadata.name)
      }, 'two pods')
      for (const name of [first, second]) await stage.podRuns(name)
      await stage.reaches('feed-1', 'Running')
      if (site === 'with a worker that failed') await stage.podEnds(second, 1, reportFixture('Running'))
      if (site === 'cancelled') {
        await stage.cancel('feed-1')
        await stage.reaches('feed-1', 'Cancelled')
      }
      if (site === 'after the operator was away') await operator.stop()
      await server.kubectl(['delete', 'namespace', namespace, '--wait=false'])
      if (site === 'after the operator was away') operator = await startRunOperator({ client, namespace })
      const gone = async () => (await server.kubectl(['get', 'namespace', namespace])).code !== 0
      await expect.poll(gone, { timeout: 60_000 }).toBe(true)
      const [ended] = operator.ended
      expect(ended?.phase).toBe('Cancelled')
      expect(ended?.conditions?.[0]?.reason).toBe(site === 'cancelled' ? 'Cancelled' : 'NamespaceTerminating')
      await operator.stop()
    })
  },
  { controllers: true },
)
