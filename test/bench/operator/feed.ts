// Fills the API server: the CRDs, pipelines, runs that are over, and new runs for the operator to start.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { load } from 'js-yaml'
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../../operator/kubernetes/objects.ts'
import { pipelineRuns, pipelines, resource } from '../../../operator/kubernetes/resources.ts'

export const namespace = 'default'
const connections = 8
const definitions = resource<KubeObject & { status?: { conditions?: { type: string; status: string }[] } }>(
  'apiextensions.k8s.io/v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
)

/** Resolves when both kinds are served. */
export async function installCrds(client: KubeClient, folder: string): Promise<void> {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const crd = load(readFileSync(join(folder, file), 'utf8')) as KubeObject
    await client.apply(definitions, crd)
    while (!(await client.get(definitions, crd.metadata.name))?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) {
      await sleep(50)
    }
  }
}

export function pipelineOf(index: number, count: number): string {
  return `feed-${index % count}`
}

/** As wide as a real one, because the caches must not grow with fields that are not read. */
function spec(): PipelineSpec {
  const fields = Array.from({ length: 30 }, (_, column) => ({ name: `column_${column}`, type: 'text' as const, nullable: column > 0, maxLength: 200 }))
  return {
    schedule: { cron: '0 3 * * *', concurrency: 'Allow' },
    source: { files: { paths: ['*.csv'], volume: { persistentVolumeClaim: { claimName: 'feeds' } } } },
    format: { csv: {} },
    schema: { primaryKey: ['column_0'], fields },
    destination: { postgres: { table: 'bench.orders', mode: 'Upsert' } },
  }
}

export async function seedPipelines(client: KubeClient, count: number): Promise<void> {
  await inParallel(count, async (index) => {
    await client.create(pipelines, { metadata: { name: pipelineOf(index, count), namespace }, spec: spec() })
  })
}

/** Runs that ended two days ago: within the retention of runs, beyond that of their Jobs. */
export async function seedFinishedRuns(client: KubeClient, { finished, pipelines }: { finished: number; pipelines: number }): Promise<void> {
  const ended = Date.now() - 2 * 86_400_000
  await inParallel(finished, async (index) => {
    const name = `${pipelineOf(index, pipelines)}-old-${index}`
    await client.create(pipelineRuns, run(name, pipelineOf(index, pipelines)))
    await client.apply(pipelineRuns, { metadata: { name, namespace }, status: finishedStatus(name, ended + index) }, { subresource: 'status' })
  })
}

export async function createRun(client: KubeClient, name: string, pipeline: string): Promise<void> {
  await client.create(pipelineRuns, run(name, pipeline))
}

function run(name: string, pipeline: string) {
  return { metadata: { name, namespace, labels: { 'headgate.dev/pipeline': pipeline } }, spec: { pipelineRef: { name: pipeline } } }
}

function finishedStatus(name: string, ended: number) {
  const at = new Date(ended).toISOString()
  const counts = { read: 1_234_567, loaded: 1_200_000, unchanged: 34_000, superseded: 300, filtered: 0, quarantined: 267, parked: 0 }
  return {
    phase: 'Succeeded' as const,
    conditions: [{ type: 'Succeeded', status: 'True' as const, reason: 'Succeeded', message: 'loaded 1,200,000 of 1,234,567 records', lastTransitionTime: at }],
    startTime: new Date(ended - 180_000).toISOString(),
    completionTime: at,
    duration: '3m',
    jobName: name,
    snapshotName: `${name}-snapshot`,
    records: counts,
    slices: { total: 8, done: 8 },
    timings: { extractMs: 1000, validateMs: 2000, transformMs: 0, loadMs: 3000 },
    throughput: 6_858,
  }
}

/** Does `work` for 0 … count - 1, a few at a time. */
export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: connections }, worker))
}
