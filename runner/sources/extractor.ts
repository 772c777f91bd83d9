// SourceExtractor: any source with any format. Plans slices over all inputs and reads them.
import { Extractor, HeadgateError, type Position, type RecordBatch, type RunContext, type Slice } from '../../sdk/index.ts'
import { Content } from '../content/content.ts'
import type { Format } from '../formats/format.ts'
import { inParallel } from './in-parallel.ts'
import { type PackedPosition, type Part, type Planned, packed, packedPosition, placed, type SliceSpec, slicesOf } from './packing.ts'
import type { Input, Source } from './source.ts'

const leastSliceBytes = 8 << 20

export type SourceExtractorConfig = {
  source: Source
  format: Format
  /** Processes that will share the work. One gets one slice per input, without looking for places to cut. */
  workers: number
  /** Size of slices in bytes. Default: from the number of workers. */
  sliceBytes?: number
}

export class SourceExtractor extends Extractor<SourceExtractorConfig> {
  override async *plan(run: RunContext): AsyncIterable<Slice> {
    const inputs = await Array.fromAsync(this.config.source.inputs(run))
    const total = inputs.reduce((sum, input) => sum + (input.size ?? 0), 0)
    const planned: Planned[] = []
    for await (const input of inParallel(inputs.entries(), ([ordinal, input]) => this.#planInput(ordinal, input, this.#targetBytes(total), run))) {
      if (input.plan.empty) run.warn('EmptyInput', `${input.input.name} is empty: it counts as a delivery of no records`)
      planned.push(input)
    }
    yield* this.config.source.slicePerInput === true ? planned.flatMap(slicesOf) : packed(planned, this.#packBytes(total))
  }

  override async *read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
    const parts = partsOf(slice)
    if (parts.length === 1) yield* this.#readPart(parts[0] as Part, from, run)
    else yield* this.#readParts(parts, packedPosition(from, parts, slice.name), run)
  }

  override async verify(slice: Slice, run: RunContext): Promise<void> {
    for await (const _ of inParallel(partsOf(slice), ({ input }) => this.#verify(input, run)));
  }

  /** The next parts are opened while one is read: small ones take longer to open than to read. */
  async *#readParts(parts: readonly Part[], { part: first, at }: PackedPosition, run: RunContext): AsyncIterable<RecordBatch> {
    const opened = inParallel(parts.slice(first).entries(), async ([index, part]) => {
      const content = this.#content(part.input, run)
      // A failure here occurs again, and is reported, when the part is read.
      if (this.#verifiesItself(part.input)) await content.head(part.input.size ?? 0).catch(() => {})
      return { index: first + index, part, content }
    })
    for await (const { index, part, content } of opened) {
      for await (const batch of this.#readPart(part, index === first ? at : undefined, run, content)) yield placed(batch, part, index)
    }
  }

  async *#readPart({ input, range }: Part, from: Position | undefined, run: RunContext, content = this.#content(input, run)): AsyncIterable<RecordBatch> {
    try {
      // A small input that is read as a whole is verified by its source on the way.
      const verified = this.#verifiesItself(input) && range.start === 0 && range.end === null && from === undefined
      if (!verified) await this.#verify(input, run)
      for await (const batch of this.config.format.read(content, range, from, run)) {
        run.signal.throwIfAborted()
        yield batch
      }
      if (!verified) await this.#verify(input, run)
    } catch (error) {
      throw unavailable(input, error)
    } finally {
      await content.close()
    }
  }

  #verifiesItself(input: Input): boolean {
    return this.config.source.verifiesItself?.(input) === true
  }

  async #verify(input: Input, run: RunContext): Promise<void> {
    await this.config.source.verify(input, run).catch((error: unknown) => {
      throw unavailable(input, error)
    })
  }

  async #planInput(ordinal: number, input: Input, target: number | undefined, run: RunContext): Promise<Planned> {
    run.signal.throwIfAborted()
    const content = this.#content(input, run)
    try {
      // All of it is read, and so verified.
      if (this.#verifiesItself(input)) await content.head(input.size ?? 0)
      const plan = await this.config.format.plan(content, target, run)
      if (!this.#verifiesItself(input)) await this.config.source.verify(input, run)
      return { ordinal, input, plan }
    } finally {
      await content.close()
    }
  }

  /** About two slices per worker over all inputs, so that the last ones finish together; none too small to be worth it. */
  #targetBytes(total: number): number | undefined {
    const { workers, sliceBytes } = this.config
    if (sliceBytes !== undefined) return sliceBytes
    return workers <= 1 ? undefined : Math.max(leastSliceBytes, Math.ceil(total / (2 * workers)))
  }

  /** Small inputs share slices of this size: a few for each worker. */
  #packBytes(total: number): number {
    const { workers, sliceBytes } = this.config
    return sliceBytes ?? Math.min(leastSliceBytes, Math.ceil(total / (2 * workers)))
  }

  #content(input: Input, run: RunContext): Content {
    const { source } = this.config
    const { name, size, identity, sequential } = input
    return new Content({ name, size, identity, randomAccess: sequential !== true, open: (start, end) => source.open(input, start, end, run) })
  }
}

function partsOf(slice: Slice): readonly Part[] {
  // A run that an older version planned has one input in each slice.
  const spec = slice.spec as unknown as SliceSpec | Omit<Part, 'ordinal'>
  return 'parts' in spec ? spec.parts : [{ ordinal: slice.input, ...spec }]
}

/** A worker that cannot read a planned input may have lost its volume, while the others still have it. */
function unavailable({ name }: Input, error: unknown): unknown {
  if (!(error instanceof HeadgateError) || (error.code !== 'SourceNotFound' && error.code !== 'SourceUnreadable')) return error
  const what = `${name} was there when the run was planned and cannot be read now: ${error.message}`
  return new HeadgateError('SourceUnavailable', what, { retryable: true, cause: error })
}
