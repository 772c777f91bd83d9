// Extractor: reads records from a source. Subclass Extractor for full control, RecordExtractor to yield one record at a time.
import { ObjectBatch, type Position, type RecordBatch, type SourceRecord } from './batch.ts'
import { brandClass } from './brand.ts'
import { HeadgateError } from './errors.ts'
import type { RunContext } from './run.ts'

/**
 * A part of a run's input that one worker reads alone. Slices are planned once per run and persisted; their ordinal
 * is their place in the plan.
 */
export type Slice = {
  /** Input the slice belongs to (a file, a page range), counted from 0; all slices of one input share it. Below 2^19. */
  input: number
  /** The input's name for people: a file name, a URL without credentials. For several inputs, one name for all of them. */
  name: string
  /**
   * Names of the slice's inputs if it has several: `input` and those that follow it. Put small inputs into one slice, because each slice
   * costs a claim and a commit. Each batch then names its input, and `bytes` of the slice is the sum over its inputs.
   */
  inputs?: readonly string[]
  /** What `read` needs to find the slice again. Stored as JSON. */
  spec: Position
  /** Size in bytes, if known. For progress; exact only if `leastRecordBytes` is given. */
  bytes?: number
  /**
   * The fewest of these bytes that a valid record takes, at least 1; the slice's last record may take fewer. Give it only if `bytes` is
   * exact and the orders of the slice's records are offsets in the same bytes. A run that rejects many records then ends as soon as
   * the remaining bytes are too few for it to pass; otherwise its ratio of rejected records is checked at the end.
   */
  leastRecordBytes?: number
  /**
   * Names of the fields, if they are known when the run is planned. They are then compared with the schema before anything is loaded,
   * even if there is no record. Required by `whenMissing: keep`. Not stored.
   */
  fields?: readonly string[]
}

/**
 * Plans and reads the input of a run.
 *
 * `plan` lists the slices, once per run. `read` yields a slice's records in source order, at most
 * `run.batchSize` in a batch, starting at `from` (the `next`
 * of a committed batch) or at the slice's beginning; it may be called again after a failure and must then yield the
 * same records. Throw a HeadgateError; one with `retryable: true` is tried again with backoff.
 */
export abstract class Extractor<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  abstract plan(run: RunContext): AsyncIterable<Slice>

  abstract read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch>

  /**
   * Throws `SourceChanged` if an input of the slice is no longer the one that was planned, and `SourceUnavailable` (retryable) if this worker
   * cannot read it. The slice is then released, because another worker may be able to. Called before a run is published.
   */
  async verify(_slice: Slice, _run: RunContext): Promise<void> {}
}

brandClass(Extractor, 'Extractor')

/**
 * The short form: yield records one at a time, in the same order every time; the framework batches them and resumes by
 * skipping the records it already has.
 */
export abstract class RecordExtractor<Config = unknown> extends Extractor<Config> {
  abstract records(run: RunContext): AsyncIterable<SourceRecord> | Iterable<SourceRecord>

  override async *plan(_run: RunContext): AsyncIterable<Slice> {
    yield { input: 0, name: this.constructor.name || 'records', spec: null }
  }

  override async *read(_slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
    const skip = recordsBefore(from)
    let number = 0
    let pending: SourceRecord[] = []
    for await (const record of this.records(run)) {
      number++
      if (number <= skip) continue
      pending.push(record)
      if (pending.length < Math.min(1000, run.batchSize)) continue
      yield new ObjectBatch(pending, { firstOrder: number - pending.length, next: number })
      pending = []
    }
    if (pending.length > 0) yield new ObjectBatch(pending, { firstOrder: number - pending.length, next: number })
    if (number < skip) throw new HeadgateError('SourceChanged', `there are only ${number} records, and ${skip} were read before; start a new run`)
  }
}

/** The number of records before a position of RecordExtractor. Throws InvalidPosition. */
function recordsBefore(position: Position | undefined): number {
  if (position === undefined) return 0
  if (typeof position === 'number' && Number.isSafeInteger(position) && position >= 0) return position
  throw new HeadgateError(
    'InvalidPosition',
    `the extractor was asked to go on from ${JSON.stringify(position)}, which is no number of records; start a new run`,
  )
}
