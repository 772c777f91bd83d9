// The manifests of examples/orders on a real API server.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'

describeWithApiServer('The orders on an API server', async (server) => {
  const { namespace, kubectl } = await freshNamespace(server)

  test.each(['pipeline.yaml', 'large.yaml'])('%s is accepted, and not changed by the API server', async (file) => {
    const where = ['-n', namespace, '-f', join(import.meta.dirname, '../../examples/orders', file)]
    expect(await kubectl(['apply', ...where])).toMatchObject({ code: 0 })
    expect(await kubectl(['diff', ...where])).toMatchObject({ code: 0, stdout: '' })
  })
})
