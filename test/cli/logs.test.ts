// headgate logs against a real API server; the kubelet that holds the logs is fake by the test.
import { expect, test } from 'vitest'
import { createClient } from '../../operator/kubernetes/client.ts'
import { pipelineRuns, pods } from '../../operator/kubernetes/resources.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { commandFolder } from './command.ts'
import { standInKubelet } from './kubelet.ts'

/** What each pod wrote; a cut is where the connection breaks the first time. */
const logs: Record<string, string[]> = {
  'a-0-x': ['first', 'second'],
  'a-0-y': ['again', 'cut', 'done'],
  'a-1-x': ['other'],
}

const stamped = (line: string, place: number) => `2026-03-01T00:00:0${place}.000000000Z ${line}\n`

describeWithApiServer('headgate logs', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const { headgate } = commandFolder({ environment: { KUBECONFIG: kubeconfigPath } })
  const node = `node-of-${namespace}`
  const asked: string[] = []
  await standInKubelet(server, node, (request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://node')
    const lines = (logs[pathname.split('/')[3] ?? ''] ?? []).map(stamped)
    const since = searchParams.get('sinceTime')
    asked.push(`${pathname} ${since ?? ''}`)
    const tail = searchParams.get('tailLines')
    const wanted = tail === null ? lines : lines.slice(-Number(tail))
    if (searchParams.get('follow') !== 'true' || since !== null || !lines.some((line) => line.endsWith('cut\n'))) return void answer.end(wanted.join(''))
    answer.write(lines.slice(0, 2).join(''))
    setTimeout(() => request.socket.destroy(), 300)
  })

  const run = (name: string) => client.create(pipelineRuns, { metadata: { name, namespace }, spec: { pipelineRef: { name: 'p' } } })
  const end = (name: string) => {
    const condition = { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '2026-03-01T00:00:00Z' } as const
    return client.patch(pipelineRuns, name, namespace, { status: { phase: 'Succeeded', conditions: [condition] } }, { subresource: 'status' })
  }
  const pod = async (name: string, worker: number, containerState: object) => {
    const annotations = { 'batch.kubernetes.io/job-completion-index': String(worker) }
    const spec = { nodeName: node, containers: [{ name: 'worker', image: 'x' }] }
    await client.create(pods, { metadata: { name, namespace, labels: { 'headgate.dev/run': 'a' }, annotations }, spec })
    const containerStatuses = [{ name: 'worker', image: 'x', imageID: '', ready: false, restartCount: 0, state: containerState }]
    await client.patch(pods, name, namespace, { status: { phase: 'Running', containerStatuses } }, { subresource: 'status' })
  }

  await run('a')
  await pod('a-0-x', 0, { terminated: { exitCode: 1 } })
  await pod('a-1-x', 1, { running: {} })
  await pod('a-0-y', 0, { running: {} })
  await pod('a-2-x', 2, { waiting: { reason: 'ErrImagePull', message: 'no such image' } })
  const inNamespace = ['-n', namespace]

  test('Each line is prefixed with its worker, and with a number for a replacement pod', async () => {
    const { code, out, err } = await headgate('logs', 'a', ...inNamespace)
    expect({ code, err }).toEqual({ code: 0, err: 'worker 2 has not started: ErrImagePull: no such image\n' })
    expect(out).toBe('[0] first\n[0] second\n[0.2] again\n[0.2] cut\n[0.2] done\n[1] other\n')
  })

  test('One worker, its last line, as JSON', async () => {
    const { out } = await headgate('logs', 'a', '--worker', '0', '--tail', '1', '--output', 'json', ...inNamespace)
    const lines = out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { worker: 0, pod: 'a-0-x', line: 'second' },
      { worker: 0, pod: 'a-0-y', line: 'done' },
    ])
  })

  test('A followed log resumes where the connection broke, and ends with the run', async () => {
    const followed = headgate('logs', 'a', '-f', ...inNamespace)
    await expect.poll(() => asked.filter((line) => line.startsWith(`/containerLogs/${namespace}/a-0-y/worker 2`)), { timeout: 30_000 }).not.toEqual([])
    await end('a')
    const { code, out } = await followed
    expect(code).toBe(0)
    expect(out.split('\n').filter((line) => line.startsWith('[0.2]'))).toEqual(['[0.2] again', '[0.2] cut', '[0.2] done'])
    expect(out).toContain('[1] other\n')
  })

  test('For a run without pods, the reason for waiting is printed', async () => {
    await run('b')
    expect(await headgate('logs', 'b', ...inNamespace)).toMatchObject({ code: 0, out: '', err: expect.stringContaining('run b has no pods yet (Pending)') })
  })
})
