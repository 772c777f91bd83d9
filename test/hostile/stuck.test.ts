// Plugins that never yield, and plugins that throw where nothing catches it: real processes, whose runs must end as failures with the plugin's name.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { ClusterRun, type EndedPod } from '../workers/pod.ts'

const database = await freshDatabase()
await migrate(database.client)

const sdk = join(import.meta.dirname, '../../sdk/index.ts')
const stuckMilliseconds = 1500

/** A run with a transformer of that code, and how its worker ended. */
async function ended(module: string, code: string): Promise<{ pod: EndedPod; run: ClusterRun }> {
  const run = new ClusterRun(database, (spec) => {
    spec.transform = [{ plugin: { module: './innocent.ts' } }, { plugin: { module: `./${module}` } }]
  })
  await run.createTable(0)
  run.write('innocent.ts', `import { RecordTransformer } from '${sdk}'\nexport default class extends RecordTransformer { map(record) { return record } }`)
  run.write(module, `import { Transformer } from '${sdk}'\n${code}`)
  return { pod: await run.start({}, { stuckMilliseconds }).ended, run }
}

const inTransform = (body: string) => `export default class extends Transformer { transform(records) { ${body}; return records } }`

async function expectFailed({ pod, run }: Awaited<ReturnType<typeof ended>>, failure: Record<string, unknown>): Promise<void> {
  expect(pod, pod.log).toMatchObject({ code: 65, report: { state: 'Failed', failure: { retryable: false, ...failure } } })
  expect(await run.row()).toMatchObject({ state: 'Failed', failure })
}

describe('A plugin that never yields fails its run', () => {
  it.each([
    ['in a loop', inTransform('for (;;) {}')],
    ['in an expression that backtracks', inTransform(`/^(a+)+$/.test('a'.repeat(60) + 'b')`)],
    ['in a lock', inTransform('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)')],
    ['in its module', 'for (;;) {}'],
    ['in its constructor', 'export default class extends Transformer { constructor(config) { super(config); for (;;) {} } }'],
    ['in a timer', inTransform('setTimeout(() => { for (;;) {} })')],
  ])('%s, with its name', async (_, code) => {
    await expectFailed(await ended('spinning.ts', code), { code: 'PluginStuck', message: expect.stringContaining('plugin ./spinning.ts did not yield') })
  })

  it('in a synchronous command that cannot be interrupted, with the names of all plugins', async () => {
    const waiting = inTransform("spawnSync('sleep', ['30'])")
    const { pod, run } = await ended('waiting.ts', `import { spawnSync } from 'node:child_process'\n${waiting}`)
    await expectFailed({ pod, run }, { code: 'PluginStuck', message: expect.stringContaining('plugin ./innocent.ts or ./waiting.ts did not yield') })
  })

  it('while it holds the lock of the run that is planned', async () => {
    const run = new ClusterRun(database, (spec) => {
      delete spec.destination.postgres
      spec.destination.plugin = { module: './loader.ts' }
    })
    run.write('loader.ts', `import { Loader } from '${sdk}'\nexport default class extends Loader { async prepare() { for (;;) {} } async load() {} }`)
    const pod = await run.start({}, { stuckMilliseconds }).ended
    await expectFailed({ pod, run }, { code: 'PluginStuck', message: expect.stringContaining('./loader.ts') })
  })
})

it('A slow plugin that yields in between is not stopped', async () => {
  const slow = `export default class extends Transformer {
    async transform(records) {
      for (let part = 0; part < 8; part++) {
        const until = performance.now() + ${stuckMilliseconds / 4}
        while (performance.now() < until) {}
        await new Promise((resolve) => setImmediate(resolve))
      }
      return []
    }
  }`.replace('return []', 'return records')
  const { pod, run } = await ended('slow.ts', `let batches = 0\n${slow.replace('for (let part = 0; part < 8', 'for (let part = 0; batches++ < 8 && part < 8')}`)
  expect(pod.code, pod.log).toBe(0)
  await run.expectComplete()
})

describe('What a plugin throws in the background fails its run', () => {
  it.each([
    [
      'an error in a timer',
      `setTimeout(() => { throw new Error('lost') })`,
      'PluginFailed',
      'plugin ./background.ts threw in the background, where nothing catches it: lost',
    ],
    ['a promise that nothing awaits', `Promise.reject(new Error('lost'))`, 'PluginFailed', 'plugin ./background.ts threw in the background'],
    ['nothing at all', 'setImmediate(() => { throw undefined })', 'PluginFailed', 'plugin ./innocent.ts or ./background.ts threw in the background'],
    ['process.exit(0)', 'setTimeout(() => process.exit(0))', 'PluginExited', 'plugin ./background.ts called process.exit'],
  ])('%s', async (_, body, code, message) => {
    const waiting = `export default class extends Transformer {
      async transform(records) { ${body}; await new Promise((resolve) => setTimeout(resolve, 200)); return records }
    }`
    await expectFailed(await ended('background.ts', waiting), { code, message: expect.stringContaining(message) })
  })
})
