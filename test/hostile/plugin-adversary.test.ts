// Plugins that get in the way of what guards a run against them. The processes are real ones.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { migrate } from '../../store/migrate.ts'
import { cancelRun } from '../../store/runs.ts'
import { startProxy } from '../chaos/proxy.ts'
import { freshDatabase } from '../support/database.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { asFirstProcess, ClusterRun, type EndedPod, type Pod, type Site } from '../workers/pod.ts'

const database = await freshDatabase()
await migrate(database.client)
const sdk = join(import.meta.dirname, '../../sdk/index.ts')
const stuckMilliseconds = 1500
const never = 'return new Promise(() => {})'

const spawning = `transform() { spawnSync('sleep', ['30']) }`
const imports = `import { spawnSync } from 'node:child_process'\nimport { Loader, Transformer } from '${sdk}'\n`

/** A run with the plugins' files; each batch takes `pauseSeconds` to commit. */
async function runOf(files: Record<string, string>, change: (spec: PipelineSpec) => void, pauseSeconds = 0, site: Site = database): Promise<ClusterRun> {
  const run = new ClusterRun(site, change)
  await run.createTable(pauseSeconds)
  for (const [name, code] of Object.entries(files)) run.write(name, imports + code)
  return run
}

/** A run with the transformer ./bad.ts that has these members. */
function transforming(members: string, pauseSeconds = 0, site: Site = database): Promise<ClusterRun> {
  const change = (spec: PipelineSpec) => {
    spec.transform = [{ plugin: { module: './bad.ts' } }]
  }
  return runOf({ 'bad.ts': `export default class extends Transformer { ${members} }` }, change, pauseSeconds, site)
}

function start(run: ClusterRun): Pod {
  return run.start({}, { stuckMilliseconds })
}

async function expectFailed(run: ClusterRun, pod: EndedPod, failure: Record<string, unknown>): Promise<void> {
  expect(pod, pod.log).toMatchObject({ code: 65, report: { state: 'Failed', failure } })
  expect(await run.row()).toMatchObject({ state: 'Failed', failure })
  // The next worker does not try again.
  expect(await start(run).ended).toMatchObject({ code: 65, report: { state: 'Failed', failure } })
  expect(await faultsInBooks(database.client)).toEqual([])
}

describe('process.exit fails the run with the plugin’s name', () => {
  it.each([
    ['in a timer of a call that never returns', `transform() { setTimeout(() => process.exit(0)); ${never} }`],
    ['in a try that swallows errors', 'transform(records) { try { process.exit(0) } catch {} return records }'],
    ['in a timer, after it removed all listeners of the process', `transform() { process.removeAllListeners(); setTimeout(() => process.exit(0)); ${never} }`],
  ])('%s', async (_, body) => {
    const run = await transforming(body)
    await expectFailed(run, await start(run).ended, { code: 'PluginExited', message: expect.stringContaining('plugin ./bad.ts called process.exit') })
  })
})

describe('A stray error fails the run', () => {
  it('that cannot be read', async () => {
    const run = await transforming(
      `transform() { setTimeout(() => { throw new Proxy(new Error('x'), { get() { throw 1 }, has() { throw 1 }, getPrototypeOf() { throw 1 } }) }); ${never} }`,
    )
    await expectFailed(run, await start(run).ended, { code: 'PluginFailed', message: expect.stringContaining('./bad.ts') })
  })
  it('after the plugin removed all listeners of the process', async () => {
    const run = await transforming(`transform() { process.removeAllListeners(); setTimeout(() => { throw undefined }); ${never} }`)
    await expectFailed(run, await start(run).ended, { code: 'PluginFailed', message: expect.stringContaining('./bad.ts') })
  })
  it('with its plugin’s name but no value, where fields are sensitive', async () => {
    const run = await runOf(
      { 'bad.ts': `export default class extends Transformer { transform(records) { setTimeout(() => { throw new Error(records[0].name) }); ${never} } }` },
      (spec) => {
        spec.transform = [{ plugin: { module: './bad.ts' } }]
        Object.assign(spec.schema.fields[1] as object, { sensitive: true })
      },
    )
    const pod = await start(run).ended
    expect(JSON.stringify(pod)).not.toContain('name 0')
    await expectFailed(run, pod, { code: 'PluginFailed', message: expect.stringContaining('./bad.ts') })
  })
  it('while a loader that never returns holds the lock of the run that is planned', async () => {
    const run = await runOf(
      { 'loader.ts': `export default class extends Loader { async prepare() { setTimeout(() => { throw new Error('lost') }); ${never} } async load() {} }` },
      (spec) => {
        spec.destination = { plugin: { module: './loader.ts' } }
      },
    )
    await expectFailed(run, await start(run).ended, { code: 'PluginFailed', message: expect.stringContaining('./loader.ts') })
  })
})

describe('A stuck plugin fails its run with its name', () => {
  it.each([
    ['in microtasks', 'async transform() { for (;;) await null }'],
    ['in ticks', 'transform() { const again = () => process.nextTick(again); again(); return new Promise(() => {}) }'],
    ['after it removed all listeners of the process', 'transform() { process.removeAllListeners(); for (;;) {} }'],
    ['after an await', 'async transform() { await new Promise((resolve) => setTimeout(resolve, 100)); for (;;) {} }'],
  ])('%s', async (_, body) => {
    const run = await transforming(body)
    await expectFailed(run, await start(run).ended, { code: 'PluginStuck', message: expect.stringContaining('plugin ./bad.ts') })
  })

  it('whose class is in a file that its module re-exports', async () => {
    const run = await runOf(
      {
        'lib/spinning.ts': 'export default class extends Transformer { transform() { for (;;) {} } }',
        'entry.ts': `export { default } from './lib/spinning.ts'`,
      },
      (spec) => {
        spec.transform = [{ plugin: { module: './entry.ts' } }]
      },
    )
    await expectFailed(run, await start(run).ended, { code: 'PluginStuck', message: expect.stringContaining('./entry.ts') })
  })

  it('in a command that it waits for', async () => {
    const run = await transforming(spawning)
    await expectFailed(run, await start(run).ended, { code: 'PluginStuck', message: expect.stringContaining('./bad.ts') })
  })

  it('while a batch is being committed', async () => {
    const run = await transforming('calls = 0; transform(records) { if (this.calls++ > 0) for (;;) {} return records }', 30)
    await expectFailed(run, await start(run).ended, { code: 'PluginStuck', message: expect.stringContaining('./bad.ts') })
  })
})

it('A worker whose plugin is stuck and whose store is down ends without a verdict', async () => {
  const proxy = await startProxy(database.url, () => ({ do: 'pass' }))
  const run = await transforming(`transform() { process.stderr.write('now stuck'); for (;;) {} }`, 0, { ...database, url: proxy.url })
  const pod = start(run)
  await expect.poll(() => pod.log(), { timeout: 20_000 }).toContain('now stuck')
  await proxy.close()
  const ended = await pod.ended
  expect(ended, ended.log).toMatchObject({ code: 1, report: { state: 'Running' } })
})

it('A run that is cancelled while its plugin is stuck ends its worker as cancelled', async () => {
  const run = await transforming(`transform() { process.stderr.write('now stuck'); for (;;) {} }`)
  const pod = start(run)
  await expect.poll(() => pod.log(), { timeout: 20_000 }).toContain('now stuck')
  await cancelRun(database.client, Number((await run.row())?.id))
  const ended = await pod.ended
  expect(ended, ended.log).toMatchObject({ code: 70, report: { state: 'Cancelled' } })
})

it('A process frozen for longer than the limit for plugins is not reported as stuck', async () => {
  const run = await transforming('transform(records) { return records }', 0.05)
  const pod = run.start({}, { stuckMilliseconds, leaseMilliseconds: 600_000 })
  await run.atBatch(2)
  pod.signal('SIGSTOP')
  await sleep(3 * stuckMilliseconds)
  pod.signal('SIGCONT')
  const ended = await pod.ended
  expect(ended.code, ended.log).toBe(0)
  await run.expectComplete()
})

it('A worker that is process 1 of its container ends as well', async (context) => {
  const [program, ...rest] = [...asFirstProcess, 'true']
  if (spawnSync(program as string, rest).status !== 0) context.skip('namespaces are not permitted; root enables it')
  const run = await transforming(spawning)
  const pod = run.start({}, { stuckMilliseconds, firstProcess: true })
  await expectFailed(run, await pod.ended, { code: 'PluginStuck' })
})
