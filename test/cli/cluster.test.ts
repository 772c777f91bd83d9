// The command's cluster verbs against a real API server; the test plays the operator by patching status.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createClient } from '../../operator/kubernetes/client.ts'
import { pipelineRuns, pipelines } from '../../operator/kubernetes/resources.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { commandFolder } from './command.ts'

const spec = {
  source: { files: { paths: ['a.csv'] } },
  format: { csv: {} },
  schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' as const }] },
  destination: { postgres: { table: 'a' } },
}

const none = { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 }

function verdict(status: 'True' | 'False' | 'Unknown', reason: string, message: string) {
  return { type: 'Succeeded', status, reason, message, lastTransitionTime: '2026-03-01T00:00:00Z' }
}

describeWithApiServer('The command on a cluster', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath, kubectl } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const { headgate } = commandFolder({ environment: { KUBECONFIG: kubeconfigPath } })
  const { headgate: plugin } = commandFolder({ environment: { KUBECONFIG: kubeconfigPath }, file: join(import.meta.dirname, '../../bin/kubectl-headgate') })
  await client.create(pipelines, { metadata: { name: 'orders', namespace }, spec })
  await client.create(pipelines, { metadata: { name: 'prices', namespace }, spec: { ...spec, source: { files: { paths: ['{{ params.day }}.csv'] } } } })
  const inNamespace = ['-n', namespace]
  const status = (name: string, status: object) => client.patch(pipelineRuns, name, namespace, { status }, { subresource: 'status' })
  const failure = { phase: 'Failed', conditions: [verdict('False', 'ImagePull', 'worker 0 waits: image x cannot be pulled')] }

  test('trigger creates a run that belongs to its pipeline, and prints how to watch it', async () => {
    const asked = ['--param', 'day=1', '--param', 'note=a=b', '--interval', '2026-03-01/2026-03-02T06:00+01:00']
    const { code, out, err } = await headgate('trigger', 'orders', ...asked, ...inNamespace)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const name = /pipelinerun.headgate.dev\/(orders-\d{8}-\d{6}) created/.exec(out)?.[1] as string
    expect(out).toContain(`headgate logs ${name} -n ${namespace} -f`)
    const run = await client.get(pipelineRuns, name, namespace)
    expect(run?.metadata.ownerReferences).toMatchObject([{ kind: 'Pipeline', name: 'orders', uid: expect.any(String) }])
    expect(run?.metadata.labels).toEqual({ 'headgate.dev/pipeline': 'orders' })
    expect(run?.spec).toEqual({
      pipelineRef: { name: 'orders' },
      params: { day: '1', note: 'a=b' },
      interval: { start: '2026-03-01T00:00:00Z', end: '2026-03-02T06:00:00+01:00' },
    })
  })

  test.each([
    ['good', { phase: 'Succeeded', duration: '3s', records: { ...none, read: 12, loaded: 12 }, conditions: [verdict('True', 'Succeeded', '')] }, 0, '12 read'],
    ['bad', failure, 1, 'ImagePull: worker 0 waits: image x cannot be pulled'],
  ])('trigger --wait goes with a run until it has ended %s', async (name, end, code, words) => {
    const waited = headgate('trigger', 'orders', '--name', name, '--wait', ...inNamespace)
    await expect.poll(() => client.get(pipelineRuns, name, namespace), { timeout: 30_000 }).toBeDefined()
    await status(name, { phase: 'Running', slices: { total: 4, done: 1 }, records: { ...none, read: 5, loaded: 5 }, conditions: [] })
    await expect.poll(async () => (await kubectl(['get', 'hgr', name, ...inNamespace])).stdout).toContain('Running')
    await status(name, end)
    expect(await waited).toMatchObject({ code, out: expect.stringContaining(words), err: expect.stringContaining(name) })
  })

  test('A run that takes longer than --timeout continues', async () => {
    const waited = await headgate('trigger', 'orders', '--name', 'long', '--wait', '--timeout', '1s', ...inNamespace)
    expect(waited).toMatchObject({ code: 3, out: expect.stringContaining('the run goes on (Pending)') })
  })

  test('cancel requests it once, and reports a run that is already cancelled or ended', async () => {
    expect(await headgate('cancel', 'long', ...inNamespace)).toMatchObject({ code: 0, out: expect.stringContaining('is asked to stop') })
    expect((await client.get(pipelineRuns, 'long', namespace))?.spec.cancel).toBe(true)
    expect(await headgate('cancel', 'long', ...inNamespace)).toMatchObject({ code: 0, out: expect.stringContaining('was asked to stop before') })
    expect(await headgate('cancel', 'good', ...inNamespace)).toMatchObject({
      code: 1,
      err: expect.stringContaining('RunEnded: run good has ended as Succeeded'),
    })
  })

  test('runs lists the cluster’s runs if an option of a cluster is given, or as a kubectl plugin', async () => {
    for (const list of [headgate('runs', ...inNamespace), plugin('runs', '--pipeline', 'orders', ...inNamespace)]) {
      const { code, out } = await list
      expect(code).toBe(0)
      expect(out).toMatch(/^RUN +PIPELINE +STATUS/)
      expect(out).toMatch(/bad +orders +Failed .* ImagePull$/m)
    }
    expect((await headgate('runs', '-A')).out).toMatch(new RegExp(`^${namespace} +good`, 'm'))
    expect(JSON.parse((await headgate('runs', ...inNamespace, '-o', 'json')).out).runs).toHaveLength(4)
    expect((await headgate('runs', '--pipeline', 'none', ...inNamespace)).out).toContain('No runs in namespace')
    expect((await plugin('runs', '--help')).out).toContain('Usage: kubectl headgate runs')
  })

  test.each([
    [['trigger', 'order'], 1, /PipelineNotFound: .* has no pipeline order; did you mean orders\?/],
    [['trigger', 'orders', '--name', 'good'], 1, /RunExists: .*"good" already exists; choose another --name/],
    [['trigger', 'orders', '--name', 'Not_good'], 1, /ClusterRefused: .*Invalid value: "Not_good"/],
    [['trigger', 'orders', '--param', 'x'], 2, /give NAME=VALUE/],
    [['trigger', 'orders', '--interval', '2026-02-30/2026-03-02'], 2, /give START\/END/],
    [['trigger', 'orders', '--interval', '2026-03-02/2026-03-01'], 2, /must start before it ends/],
    [['trigger', 'orders', '--timeout', '3s'], 2, /add --wait/],
    [['trigger', 'prices', '--param', 'dya=1'], 2, /InvalidParams: run prices has only the params dya, and the pipeline needs day/],
    [['trigger', 'prices', '--param', 'day=../1'], 2, /InvalidParams: params.day is/],
    [['cancel', 'goud'], 1, /RunNotFound: .* has no run goud; did you mean good\?/],
    [['logs', 'goud'], 1, /did you mean good\?/],
    [['logs', 'good'], 1, /LogsNotFound: the pods of run good are gone/],
    [['runs', '--database', 'postgresql://x'], 2, /InvalidConfig: --database reads a store/],
    [['runs', '--context', 'other'], 2, /InvalidConfig: the kubeconfig has no context other; it has test/],
    [['runs', '--kubeconfig', 'nowhere'], 2, /InvalidConfig: .* cannot be read: there is no such file/],
  ])('%j says what is wrong', async (args, code, message) => {
    const said = await headgate(...args, ...inNamespace)
    expect(said).toEqual({ code, out: '', err: expect.stringMatching(message) })
  })

  test('A missing right is named; an unknown user is asked to log in', async () => {
    await kubectl(['create', 'serviceaccount', 'guest', ...inNamespace])
    const { stdout: token } = await kubectl(['create', 'token', 'guest', ...inNamespace])
    const flags = ['config', 'view', '--raw', '--flatten', '-o', 'json']
    const config = JSON.parse((await kubectl(flags)).stdout)
    const { headgate: stranger, folder } = commandFolder()
    const { writeFileSync } = await import('node:fs')
    const asWith = (user: object) => writeFileSync(join(folder, 'config'), JSON.stringify({ ...config, users: [{ name: config.users[0].name, user }] }))
    asWith({ token: token.trim() })
    const denied = await stranger('trigger', 'orders', '--kubeconfig', 'config', ...inNamespace)
    expect(denied).toEqual({ code: 1, out: '', err: expect.stringMatching(/ClusterDenied: .*guest" cannot get resource "pipelines".*ask for that right/) })
    asWith({ token: 'nobody' })
    const unknown = await stranger('runs', '--kubeconfig', 'config', '-o', 'json')
    expect(unknown).toMatchObject({ code: 1, err: '' })
    expect(JSON.parse(unknown.out)).toMatchObject({ error: { code: 'ClusterDenied', message: expect.stringContaining('log in again') } })
  })
})
