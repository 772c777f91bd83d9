// spec.timeout of a local run whose source does not respond.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { scratchFolder } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()

/** Read by the plugin, which is a module of its own. */
const shared = globalThis as unknown as { answers: boolean }

const pipeline: Pipeline = {
  apiVersion: 'headgate.dev/v1alpha1',
  kind: 'Pipeline',
  metadata: { name: 'late' },
  spec: {
    source: { plugin: { module: './late.ts' } },
    schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
    destination: { postgres: { table: 'public.late', createTable: true } },
    batchSize: 10,
    timeout: '3s',
  },
}

test('A local run that exceeds its timeout fails, releases its slices, and can be resumed', async () => {
  shared.answers = false
  writeFileSync(
    join(folder, 'late.ts'),
    `import { RecordExtractor } from '${join(import.meta.dirname, '../../sdk/index.ts')}'
    export default class extends RecordExtractor {
      async *records() {
        for (let id = 0; id < 1500; id++) {
          if (id === 1200 && !globalThis.answers) await new Promise(() => {})
          yield { id: String(id) }
        }
      }
    }`,
  )
  const options = { pipeline, file: join(folder, 'late.yaml'), databaseUrl: store.url, now: new Date(), signal: new AbortController().signal }
  const { run } = await runPipeline(options)
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'RunTimeout', retryable: true, message: expect.stringContaining('3s') } })
  const held = await store.client.query(`SELECT ordinal FROM headgate.slice WHERE run = $1 AND state = 'leased'`, [run.id])
  expect(held.rows).toEqual([])

  shared.answers = true
  const { run: resumed } = await runPipeline({ ...options, resume: true })
  expect(resumed).toMatchObject({ name: run.name, state: 'Succeeded', counts: { read: 1500, loaded: 1500 } })
  expect(await faultsInBooks(store.client)).toEqual([])
})
