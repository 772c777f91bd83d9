// The operator as a process, against a real API server and a real PostgreSQL.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { freshDatabase } from '../test/support/database.ts'
import { describeWithApiServer, freshNamespace } from '../test/support/kubernetes.ts'
import { eventually } from './controllers/testing/run-operator.ts'
import { stageIn } from './controllers/testing/stage.ts'
import { createClient } from './kubernetes/client.ts'
import { cronJobs, jobs, leases } from './kubernetes/resources.ts'

type Line = { level: number; msg: string; port?: number; err?: { message: string } }

type Operator = {
  child: ChildProcess
  log: Line[]
  stderr: () => string
  says(message: string): Promise<Line>
  get(path: string): Promise<{ status: number; text: string }>
  stop(): Promise<number | null>
}

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
})

function startOperator(environment: Record<string, string>): Operator {
  const env = { PATH: process.env.PATH ?? '', HEADGATE_METRICS_PORT: '0', HEADGATE_WORKER_IMAGE: 'headgate:test', ...environment }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  const log: Line[] = []
  let errors = ''
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)))
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  const says = (message: string) => eventually(() => log.find(({ msg }) => msg === message), `"${message}" of ${errors}`)
  return {
    child,
    log,
    stderr: () => errors,
    says,
    get: async (path) => {
      const { port } = await says('watching')
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      return { status: answer.status, text: await answer.text() }
    },
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}

const database = await freshDatabase()

describeWithApiServer('the operator', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  afterAll(() => client.close())
  const given = { KUBECONFIG: kubeconfigPath, HEADGATE_NAMESPACE: namespace, HEADGATE_WATCH_NAMESPACES: namespace }

  test('becomes ready, leads, runs a Pipeline, exports its metrics, and stops on SIGTERM', async () => {
    await stage.createPipeline('orders', { schedule: { cron: '@daily' } })
    const operator = startOperator({ ...given, HEADGATE_POD_NAME: 'operator-0', HEADGATE_STORE_URL: database.url })
    await operator.says('leading')
    await eventually(async () => (await operator.get('/readyz')).status === 200, 'readiness')
    expect(await operator.get('/healthz')).toEqual({ status: 200, text: 'ok\n' })
    await eventually(() => client.get(cronJobs, 'orders-schedule', namespace), 'the CronJob')
    await stage.createRun('orders-1', 'orders')
    await stage.reaches('orders-1', 'Starting')
    await operator.says('migrated the store')
    // The gauge is computed from the operator's cache, which lags behind the status that the test has seen.
    const startingRuns = `headgate_runs{namespace="${namespace}",pipeline="orders",phase="Starting"} 1`
    const text = await eventually(async () => {
      const metrics = (await operator.get('/metrics')).text
      return metrics.includes(startingRuns) && metrics
    }, 'the gauge of starting runs')
    expect(text).toMatch(/^leader_election_master_status\{name="headgate-operator"\} 1$/m)
    expect(text).toMatch(/^controller_runtime_reconcile_total\{controller="run",result="success"\} [1-9]/m)
    const lease = await client.get(leases, 'headgate-operator', namespace)
    expect(lease?.spec?.holderIdentity).toMatch(/^operator-0-[0-9a-f]{8}$/)
    expect(await operator.stop()).toBe(0)
    expect(operator.stderr()).toBe('')
    expect(operator.log.at(-1)?.msg).toBe('stopped')
    expect((await client.get(leases, 'headgate-operator', namespace))?.spec?.holderIdentity ?? '').toBe('')
  })

  test('is ready while another leads, and takes over when that stops', async () => {
    const first = startOperator({ ...given, HEADGATE_POD_NAME: 'first' })
    await first.says('leading')
    const second = startOperator({ ...given, HEADGATE_POD_NAME: 'second' })
    await second.says('ready')
    expect((await second.get('/readyz')).status).toBe(200)
    expect((await second.get('/metrics')).text).toMatch(/^leader_election_master_status\{name="headgate-operator"\} 0$/m)
    expect(second.log.some(({ msg }) => msg === 'leading')).toBe(false)
    expect(await first.stop()).toBe(0)
    await second.says('leading')
    await stage.createPipeline('later')
    await stage.createRun('later-1', 'later')
    await stage.reaches('later-1', 'Starting')
    expect(await second.stop()).toBe(0)
  })

  test('is replaced when frozen as leader, and writes nothing when it continues', async () => {
    const frozen = startOperator({ ...given, HEADGATE_POD_NAME: 'frozen' })
    await frozen.says('leading')
    await stage.createPipeline('cold', { schedule: { cron: '@hourly', concurrency: 'Allow' } })
    await stage.createRun('cold-1', 'cold')
    await stage.reaches('cold-1', 'Starting')
    const other = startOperator({ ...given, HEADGATE_POD_NAME: 'other' })
    await other.says('ready')
    frozen.child.kill('SIGSTOP')
    const runs = ['cold-2', 'cold-3', 'cold-4']
    for (const run of runs) await stage.createRun(run, 'cold')
    await vi.waitFor(() => expect(other.log.some(({ msg }) => msg === 'leading')).toBe(true), { timeout: 40_000 })
    for (const run of runs) await stage.reaches(run, 'Starting')
    const jobsBefore = (await client.list(jobs, { namespace })).items.map(({ metadata }) => metadata.uid).sort()
    frozen.child.kill('SIGCONT')
    await frozen.says('no longer leading')
    await stage.createRun('cold-5', 'cold')
    await stage.reaches('cold-5', 'Starting')
    const jobsAfter = (await client.list(jobs, { namespace })).items.filter(({ metadata }) => metadata.name !== 'cold-5')
    expect(jobsAfter.map(({ metadata }) => metadata.uid).sort()).toEqual(jobsBefore)
    expect((await client.get(leases, 'headgate-operator', namespace))?.spec?.holderIdentity).toMatch(/^other-/)
    expect(await frozen.stop()).toBe(0)
    expect(await other.stop()).toBe(0)
  }, 90_000)

  test('works without its store and Redis, and logs once that they are unavailable', async () => {
    const away = { HEADGATE_STORE_URL: 'postgresql://headgate:secret-word@127.0.0.1:1/x', HEADGATE_REDIS_URL: 'redis://:secret-word@127.0.0.1:1' }
    const operator = startOperator({ ...given, ...away })
    await operator.says('leading')
    await stage.createPipeline('alone')
    await stage.createRun('alone-1', 'alone')
    await stage.reaches('alone-1', 'Starting')
    await operator.says('no live progress from this source until it is back; runs go on')
    expect((await operator.get('/metrics')).text).toMatch(/^headgate_progress_redis_up 0$/m)
    expect(await operator.stop()).toBe(0)
    expect(JSON.stringify(operator.log)).not.toContain('secret-word')
  })

  test('is not ready while its lists fail, and can be stopped', async () => {
    const operator = startOperator({ ...given, HEADGATE_WATCH_NAMESPACES: 'no/such' })
    await operator.says('watching')
    expect((await operator.get('/readyz')).status).toBe(503)
    expect((await operator.get('/readyz')).text).toContain('waiting for pipelines, runs')
    expect(await operator.stop()).toBe(0)
  })
})

describe('an invalid environment', () => {
  test.each([
    [{ HEADGATE_WORKER_IMAGE: '' }, 'InvalidConfig: HEADGATE_WORKER_IMAGE is not set; set it in the environment of the operator\n'],
    [{ HEADGATE_JOB_TTL: 'a day' }, 'InvalidConfig: HEADGATE_JOB_TTL: "a day" is not a duration; write for example 500ms, 30s, 5m, 2h or 90d\n'],
  ])('%j is reported in one line', async (environment, line) => {
    const operator = startOperator({ HEADGATE_NAMESPACE: 'x', ...environment })
    const [code] = await once(operator.child, 'close')
    expect(code).toBe(1)
    expect(operator.stderr()).toBe(line)
  })
})
