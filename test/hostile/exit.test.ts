// Plugins that end the process they run in, which is a real one.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { ClusterRun } from '../workers/pod.ts'

const database = await freshDatabase()
await migrate(database.client)

test.each(['exit(0)', 'exit(1)', 'abort()', 'reallyExit(0)'])('A plugin that calls process.%s fails the run, with its name', async (call) => {
  const run = new ClusterRun(database, (spec) => {
    spec.transform = [{ plugin: { module: './leaving.ts' } }]
  })
  await run.createTable(0)
  run.write(
    'leaving.ts',
    `import { Transformer } from '${join(import.meta.dirname, '../../sdk/index.ts')}'
    export default class extends Transformer {
      transform() { process.${call} }
    }`,
  )
  const { code, report } = await run.start().ended
  expect(code).toBe(65)
  expect(report).toMatchObject({
    state: 'Failed',
    failure: { code: 'PluginExited', retryable: false, message: expect.stringContaining('plugin ./leaving.ts called process.') },
  })
})
