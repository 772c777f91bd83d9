// Whether a real API server takes what the chart renders; without pods, and without keeping anything.
import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { render, valueSets } from './render.ts'

/** Kinds of the Prometheus operator, which the test's API server does not know. */
const unknownGroup = 'monitoring.coreos.com/v1'

describeWithApiServer(
  'A real API server',
  async (server) => {
    const its = await freshNamespace(server)
    const other = (await freshNamespace(server)).namespace
    // It then warns of every pod that the strictest of the Pod Security Standards would refuse.
    const label = ['label', 'namespace', its.namespace, 'pod-security.kubernetes.io/warn=restricted']

    test.each(valueSets)('accepts all objects, without a warning, with %s', async (_, values) => {
      expect(await its.kubectl(label)).toMatchObject({ code: 0 })
      const moved = JSON.parse(JSON.stringify({ ...values, workerNamespaces: [other] }).replaceAll('"etl"', `"${its.namespace}"`))
      const objects = render(moved, its.namespace).filter(({ apiVersion }) => apiVersion !== unknownGroup)
      const options = ['--server-side', '--force-conflicts', '--dry-run=server', '--field-manager=helm', '--validate=strict']
      const done = await its.kubectl(['apply', ...options, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
      expect(done).toMatchObject({ code: 0, stderr: '' })
      expect(done.stdout.trim().split('\n')).toHaveLength(objects.length)
    })
  },
  { controllers: undefined },
)
