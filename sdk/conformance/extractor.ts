// extractorChecks: what an extractor promises: the same slices and records every time, in order, resumable at every position.
import type { Evidence, RecordBatch } from '../batch.ts'
import type { Extractor, Slice } from '../extractor.ts'
import { maxInputs, maxOrders } from '../record-order.ts'
import type { RunContext } from '../run.ts'
import { type Check, promise, promiseSame, sampleRun, shown } from './check.ts'

export type ExtractorKit = {
  /** Makes the extractor anew, with a configuration that gives at least two records. */
  make: () => Extractor
  /** Parts of the run that the extractor depends on, such as `folder` or `params`. */
  run?: Partial<RunContext>
}

/** The parts of a record that are compared; `raw` in Base64. */
type Read = { input: number | undefined; order: number; record: unknown; raw: string; evidence: Evidence; problem: unknown }

const smallBatch = 2

/**
 * Checks of an extractor.
 *
 * @example for (const { name, run } of extractorChecks({ make: () => new Readings({ days: 3 }) })) test(name, run)
 */
export function extractorChecks({ make, run = {} }: ExtractorKit): Check[] {
  const context = sampleRun(run)
  const small = sampleRun({ ...run, batchSize: smallBatch })
  return [
    { name: 'plans slices of inputs that rise from 0', run: () => inputsRise(make, context) },
    { name: 'describes slices by JSON', run: () => slicesAreJson(make, context) },
    { name: 'plans the same slices every time', run: async () => promiseSame(await planned(make, context), await planned(make, context), 'two plans differ') },
    { name: 'gives at least two records', run: async () => promise((await everything(make, context)).length >= 2, 'the sample has fewer than two records') },
    { name: 'gives the same records every time', run: async () => promiseSame(await everything(make, context), await everything(make, context), 'read twice') },
    { name: 'gives the same records whatever the size of batches', run: () => sizeMakesNoDifference(make, context, small) },
    { name: 'puts no more records in a batch than the run asks for', run: () => batchesAreSmall(make, small) },
    { name: 'numbers records in rising order', run: () => ordersRise(make, context) },
    { name: 'has positions that are JSON', run: () => positionsAreJson(make, small) },
    { name: 'resumes behind every batch', run: () => resumes(make, small) },
    { name: 'throws for a position that it did not make', run: () => refusesForeign(make, small) },
    { name: 'keeps raw bytes of every record', run: () => rawBytes(make, context) },
    { name: 'finds its inputs unchanged when they are', run: () => verifies(make, context) },
  ]
}

async function planned(make: ExtractorKit['make'], run: RunContext): Promise<Slice[]> {
  const slices = await Array.fromAsync(make().plan(run))
  promise(slices.length > 0, 'plan yields no slice')
  return slices
}

async function inputsRise(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  let last = 0
  for (const { input, name } of await planned(make, run)) {
    promise(Number.isInteger(input) && input >= last && input < maxInputs, `slice ${name} has input ${input} after input ${last}`)
    promise(name !== '', `a slice of input ${input} has no name`)
    last = input
  }
}

async function slicesAreJson(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const { name, spec } of await planned(make, run)) promiseSame(fromJson(spec), spec, `slice ${name} has a spec that JSON does not keep`)
}

/** What a batch said while it was valid. */
type ReadBatch = { size: number; next: RecordBatch['next']; records: Read[] }

async function batchesOf(make: ExtractorKit['make'], run: RunContext): Promise<{ slice: Slice; batches: ReadBatch[] }[]> {
  const found: { slice: Slice; batches: ReadBatch[] }[] = []
  const extractor = make()
  for (const slice of await planned(make, run)) found.push({ slice, batches: await readAll(extractor.read(slice, undefined, run)) })
  return found
}

/** A batch is valid until the next one is requested, so each is read at once. */
async function readAll(batches: AsyncIterable<RecordBatch>): Promise<ReadBatch[]> {
  return Array.fromAsync(batches, (batch) => ({ size: batch.size, next: batch.next, records: readsOf(batch) }))
}

/** All records of all slices, in order. */
export async function everything(make: ExtractorKit['make'], run: RunContext): Promise<Read[]> {
  return (await batchesOf(make, run)).flatMap(({ batches }) => batches.flatMap(({ records }) => records))
}

function readsOf(batch: RecordBatch): Read[] {
  return Array.from({ length: batch.size }, (_, index) => {
    const problem = batch.problem(index)
    const raw = Buffer.from(batch.raw(index)).toString('base64')
    return {
      input: batch.input,
      order: batch.order(index),
      record: problem === undefined ? batch.record(index) : undefined,
      raw,
      evidence: batch.evidence ?? 'bytes',
      problem,
    }
  })
}

async function sizeMakesNoDifference(make: ExtractorKit['make'], run: RunContext, small: RunContext): Promise<void> {
  promiseSame(await everything(make, run), await everything(make, small), `batches of ${run.batchSize} and of ${small.batchSize} records`)
}

async function batchesAreSmall(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const { slice, batches } of await batchesOf(make, run)) {
    for (const { size } of batches) promise(size <= run.batchSize, `slice ${slice.name} has a batch of ${size} records where the run asks for ${run.batchSize}`)
  }
}

async function ordersRise(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  const lastOf = new Map<number, number>()
  for (const { slice, batches } of await batchesOf(make, run)) {
    for (const { input = slice.input, order } of batches.flatMap(({ records }) => records)) {
      const last = lastOf.get(input) ?? -1
      promise(Number.isInteger(order) && order < maxOrders, `slice ${slice.name} has a record with order ${order}`)
      promise(order > last, `slice ${slice.name} has a record with order ${order} after one with ${last}`)
      promise(input >= slice.input && input < slice.input + (slice.inputs?.length ?? 1), `slice ${slice.name} has a record of input ${input}`)
      lastOf.set(input, order)
    }
  }
}

async function positionsAreJson(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const { slice, batches } of await batchesOf(make, run)) {
    for (const { next } of batches) promiseSame(fromJson(next), next, `slice ${slice.name} has a position that JSON does not keep`)
  }
}

async function resumes(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const { slice, batches } of await batchesOf(make, run)) {
    const all = batches.map(({ records }) => records)
    for (const [index, { next }] of batches.entries()) {
      // A run resumes in another process, from stored JSON.
      const rest = await readAll(make().read(fromJson(slice) as Slice, fromJson(next) as RecordBatch['next'], run))
      promiseSame(
        rest.flatMap(({ records }) => records),
        all.slice(index + 1).flat(),
        `slice ${slice.name}, read from ${shown(next)}`,
      )
    }
  }
}

/** Reading from the beginning instead would load every record again. */
async function refusesForeign(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const slice of await planned(make, run)) {
    for (const position of [{ made: 'elsewhere' }, 'elsewhere', -1]) {
      const read = Array.fromAsync(make().read(slice, position, run)).then(
        () => true,
        () => false,
      )
      promise(!(await read), `slice ${slice.name} was read from ${shown(position)}, which is no position of it`)
    }
  }
}

async function rawBytes(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const { raw: encoded, order, evidence } of await everything(make, run)) {
    const raw = Buffer.from(encoded, 'base64').toString()
    promise(raw !== '', `the record with order ${order} has no raw bytes`)
    promise(evidence !== 'json' || isJson(raw), `the record with order ${order} has evidence that is said to be JSON and is ${shown(raw)}`)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function verifies(make: ExtractorKit['make'], run: RunContext): Promise<void> {
  for (const slice of await planned(make, run)) await make().verify(fromJson(slice) as Slice, run)
}

function fromJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null')
}
