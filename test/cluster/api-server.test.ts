import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'

describeWithApiServer('An API server for tests', async (server) => {
  const { namespace, client, kubectl } = await freshNamespace(server)

  test('It serves the kinds of Headgate', async () => {
    const { stdout } = await kubectl(['api-resources', '--api-group', 'headgate.dev', '--output', 'name'])
    expect(stdout.split('\n')).toContain('pipelines.headgate.dev')
  })

  test('It stores objects', async () => {
    await client.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'a' } })
    const { stdout } = await kubectl(['get', 'configmaps', '--namespace', namespace, '--output', 'name'])
    expect(stdout).toBe('configmap/a\n')
  })

  test('A service account may do only what a role allows', async () => {
    const who = `system:serviceaccount:${namespace}:someone`
    expect(await kubectl(['auth', 'can-i', 'create', 'jobs', '--as', who])).toMatchObject({ code: 1, stdout: 'no\n' })
    expect(await kubectl(['auth', 'can-i', 'create', 'jobs'])).toMatchObject({ code: 0, stdout: 'yes\n' })
  })

  test('A token of a service account authenticates as that account', async () => {
    await kubectl(['create', 'serviceaccount', 'someone', '--namespace', namespace])
    const token = (await kubectl(['create', 'token', 'someone', '--namespace', namespace])).stdout
    const { stdout } = await kubectl(['auth', 'whoami', '--token', token, '--output', 'jsonpath={.status.userInfo.username}'])
    expect(stdout).toBe(`system:serviceaccount:${namespace}:someone`)
  })

  test('An error of kubectl is thrown', async () => {
    const { code, stderr } = await kubectl(['apply', '--filename', '-'], '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not a name"}}')
    expect(code).toBe(1)
    expect(stderr).toContain('Invalid value: "Not a name"')
  })
})

describeWithApiServer(
  'An API server with controllers',
  async (server) => {
    const { namespace, kubectl } = await freshNamespace(server)

    test('A Job gets its pods, which are deleted with the Job', async () => {
      const inNamespace = ['--namespace', namespace]
      await kubectl(['create', 'job', 'a', '--image=x', ...inNamespace])
      const waited = await kubectl(['wait', '--for=create', 'pod', '--selector=job-name=a', '--timeout=30s', ...inNamespace])
      expect(waited).toMatchObject({ code: 0 })
      await kubectl(['delete', 'job', 'a', '--cascade=foreground', ...inNamespace])
      expect(await kubectl(['get', 'pods', ...inNamespace])).toMatchObject({ code: 0, stdout: '' })
    })
  },
  { controllers: true },
)
