// Checks the test cluster itself, which the other suites here rely on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeOnCluster, freshNamespace } from '../support/kubernetes.ts'

describeOnCluster('A cluster for tests', async (cluster) => {
  const { namespace, kubectl, helm, canBuildImages, buildImage, projectImage } = await freshNamespace(cluster)
  const inNamespace = ['--namespace', namespace]
  const folder = mkdtempSync(join(tmpdir(), 'headgate-e2e-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What a pod of that image prints before it ends. */
  async function outputOf(name: string, image: string, ...command: string[]): Promise<string> {
    await kubectl(['run', name, `--image=${image}`, '--image-pull-policy=IfNotPresent', '--restart=Never', ...inNamespace, '--', ...command])
    await kubectl(['wait', '--for=jsonpath={.status.containerStatuses[0].state.terminated}', `pod/${name}`, '--timeout=120s', ...inNamespace])
    return (await kubectl(['logs', name, ...inNamespace])).stdout.trim()
  }

  test('Its node is ready', async () => {
    expect(await kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s'])).toMatchObject({ code: 0 })
  })

  test('A pod resolves a service by its name', async () => {
    const look = "require('dns').lookup('kubernetes.default.svc.cluster.local', (error, address) => console.log(error ? error.code : address))"
    expect(await outputOf('lookup', 'node:24-bookworm-slim', 'node', '-e', look)).toMatch(/^10\./)
  })

  test('It runs an image that the test has built', async (context) => {
    if (!canBuildImages) context.skip('no image can be built for a cluster that was handed in; unset HEADGATE_TEST_KUBECONFIG')
    const dockerfile = join(folder, 'Dockerfile')
    writeFileSync(dockerfile, 'FROM node:24-bookworm-slim\nENV MARK=built\n')
    await buildImage(dockerfile, 'headgate/mark:test')
    expect(await outputOf('mark', 'headgate/mark:test', 'node', '-p', 'process.env.MARK')).toBe('built')
  })

  test('It runs the image of this project', async () => {
    expect(await outputOf('help', await projectImage(), 'headgate', '--help')).toContain('Usage: headgate')
  })

  test('A container that exceeds its memory limit is killed with exit code 137', async () => {
    const command = ['node', '-e', 'const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1))']
    const container = { name: 'greedy', image: 'node:24-bookworm-slim', command, resources: { limits: { memory: '64Mi' } } }
    const flags = ['--restart=Never', `--overrides=${JSON.stringify({ spec: { containers: [container] } })}`]
    await kubectl(['run', 'greedy', '--image=node:24-bookworm-slim', ...flags, ...inNamespace])
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Failed', 'pod/greedy', '--timeout=60s', ...inNamespace])
    const code = ['--output', 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}']
    expect(await kubectl(['get', 'pod', 'greedy', ...code, ...inNamespace])).toMatchObject({ stdout: '137' })
  })

  test('Helm can install a chart', async () => {
    expect(await helm(['create', join(folder, 'chart')])).toMatchObject({ code: 0 })
    expect(await helm(['install', 'trial', join(folder, 'chart'), '--set', 'replicaCount=0', '--wait', ...inNamespace])).toMatchObject({ code: 0 })
    expect((await helm(['list', '--short', ...inNamespace])).stdout).toBe('trial\n')
  })
})
