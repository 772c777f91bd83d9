// The input of a chaos round: two deliveries of the same feed. The second repeats, updates and repeats again what the first brought, with bad records between.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pipeline } from '../../crds/pipeline.ts'
import type { Random } from './random.ts'

type Destination = NonNullable<Pipeline['spec']['destination']['postgres']>

export type Feed = {
  pipeline: Pipeline
  /** Folders of the deliveries, each with its files and the pipeline.yaml. Only one where the run is to create the table. */
  deliveries: string[]
}

/** Modes whose end result does not depend on when batches commit. */
const shapes: readonly { destination: Omit<Destination, 'table'>; keyed: boolean; deliveries: number }[] = [
  { destination: { mode: 'Upsert', publish: 'PerBatch' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Upsert', publish: 'PerBatch' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Upsert', publish: 'PerRun' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Upsert' }, keyed: true, deliveries: 1 },
  { destination: { mode: 'Replace' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Snapshot', onMissing: 'Delete' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Snapshot', onMissing: 'Mark' }, keyed: true, deliveries: 2 },
  { destination: { mode: 'Append', publish: 'PerBatch' }, keyed: false, deliveries: 2 },
  { destination: { mode: 'Append', publish: 'PerRun' }, keyed: false, deliveries: 2 },
]

/** Draws a pipeline and writes its deliveries below `folder`. */
export function writeFeed(random: Random, folder: string): Feed {
  const shape = random.pick(shapes)
  const versioned = shape.keyed && random.chance(0.3)
  const pipeline = pipelineOf(random, shape.destination, { keyed: shape.keyed, versioned })
  const files = random.between(2, 4)
  const keys = random.between(200, 900)
  const first = Array.from({ length: keys }, (_, key) => row(key, 0, random))
  const deliveries = [first, [...first, ...Array.from({ length: keys }, (_, key) => row(keys + key, 0, random))]].slice(0, shape.deliveries)
  const folders = deliveries.map((rows, number) => {
    const delivery = join(folder, `delivery-${number}`)
    mkdirSync(delivery, { recursive: true })
    writeFileSync(join(delivery, 'pipeline.yaml'), JSON.stringify(pipeline))
    for (let file = 0; file < files; file++) writeFileSync(join(delivery, `part-${file}.csv`), fileOf(random, rows, number))
    return delivery
  })
  return { pipeline, deliveries: folders }
}

function pipelineOf(random: Random, destination: Omit<Destination, 'table'>, { keyed, versioned }: { keyed: boolean; versioned: boolean }): Pipeline {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'chaos' },
    spec: {
      source: { files: { paths: ['*.csv'], commitPerFile: random.chance(0.5) } },
      format: { csv: {} },
      schema: {
        ...(keyed && { primaryKey: ['id'] }),
        ...(versioned && { versionField: 'version' }),
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'version', type: 'integer' },
          { name: 'name', type: 'text', nullable: true },
          { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0 },
        ],
      },
      destination: { postgres: { table: 'chaos.feed', createTable: true, ...destination } },
      workers: random.pick([1, 2, 2, 3, 4]),
      batchSize: random.between(15, 60),
      quality: { maxRemovedRatio: '1' },
      retry: { limit: 6, backoff: { initial: '50ms', max: '400ms' } },
    },
  }
}

function row(key: number, version: number, random: Random): string {
  return `${key},${version},${random.chance(0.2) ? `"name, ${key}"` : `name ${key}`},${random.below(100_000)}.${random.between(10, 99)}`
}

/** Rows of the delivery in some order: as they were, changed, repeated; and records that are wrong. */
function fileOf(random: Random, rows: readonly string[], delivery: number): string {
  const lines = ['id,version,name,amount']
  for (let count = random.between(300, 1100); count > 0; count--) {
    const present = random.pick(rows)
    if (random.chance(0.03)) lines.push(badRow(random, present))
    else if (delivery > 0 && random.chance(0.4)) lines.push(row(Number(present.split(',')[0]), random.below(5), random))
    else lines.push(present)
  }
  return `${lines.join('\n')}\n`
}

function badRow(random: Random, present: string): string {
  const key = present.split(',')[0] as string
  return random.pick([
    `${key},0,negative,-1.00`,
    `${key},0,short`,
    `x${key},0,no key,1.00`,
    `${key},0,"stray"quote,1.00`,
    `${key},zero,,`,
    'always,the,same,record',
  ])
}
