// Runs of small pipelines in this very process, for tests that run many of them in one database.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { LocalCoordination } from '../../runner/coordination/local.ts'
import { runWorker } from '../../runner/engine/worker.ts'
import { createRun, type Run, startRun } from '../../store/runs.ts'
import type { TestStore } from '../support/store.ts'
import { assembleChanged } from './assembly.ts'

export type Destination = NonNullable<PipelineSpec['destination']['postgres']>

/** How a delivery is worked on; none of it may matter to the result. */
export type Manner = { workers: number; batchSize: number }

/** An empty folder that is gone when the test file is done. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-property-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes the files into a new folder, and returns its path. */
export function written(folder: string, name: string, files: Record<string, string | Buffer>): string {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content)
  return place
}

export type Delivery = { name: string; pipeline: string; folder: string; spec: PipelineSpec; manner: Manner; allowRemoval?: boolean }

/** One run over the files of `folder`, by workers that share this process. */
export async function deliver(store: TestStore, request: Delivery): Promise<Run> {
  const { name, pipeline, folder, spec, manner, allowRemoval = false } = request
  const created = await createRun(store.client, { name, pipeline, spec, allowRemoval, ...manner })
  await startRun(store.client, created.id)
  const run = { ...created, state: 'Running' as const }
  const { signal } = new AbortController()
  const work = () => runWorker({ run, folder, databaseUrl: store.url, coordination: new LocalCoordination(), signal, assemble: assembleChanged })
  const [ended] = await Promise.all(Array.from({ length: manner.workers }, work))
  return ended as Run
}
