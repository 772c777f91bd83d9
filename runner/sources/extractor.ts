// SourceExtractor: any source with any format. Plans slices over all inputs and reads them.
import { Extractor, HeadgateError, type Position, type RecordBatch, type RunContext, type Slice } from '../../sdk/index.ts'
import { Content } from '../content/content.ts'
import type { Format, InputPlan, Range } from '../formats/format.ts'
import type { Input, Source } from './source.ts'

const leastSliceBytes = 8 << 20

export type SourceExtractorConfig = {
  source: Source
  format: Format
  /** Processes that will share the work. One gets one slice per input, without looking for places to cut. */
  workers: number
  /** Size of slices, whatever the number of workers. */
  sliceBytes?: number
}

/** `spec` of its slices. */
type SliceSpec = { input: Input; range: Range }

export class SourceExtractor extends Extractor<SourceExtractorConfig> {
  override async *plan(run: RunContext): AsyncIterable<Slice> {
    const { source } = this.config
    const inputs = await collected(source.inputs(run))
    const target = this.#targetBytes(inputs)
    for (const [number, input] of inputs.entries()) {
      run.signal.throwIfAborted()
      const { ranges, ...outline } = await this.#planInput(input, target, run)
      if (outline.fields === undefined) run.warn('EmptyInput', `${input.name} is empty: it counts as a delivery of no records`)
      for (const range of ranges) {
        const bytes = sizeOf(range, input)
        const spec: SliceSpec = { input, range }
        yield { input: number, name: input.name, spec, ...(bytes !== undefined && { bytes }), ...outline }
      }
      await source.verify(input, run)
    }
  }

  override async *read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
    const { input, range } = slice.spec as SliceSpec
    await this.verify(slice, run)
    const content = this.#content(input, run)
    try {
      for await (const batch of this.config.format.read(content, range, from, run)) {
        run.signal.throwIfAborted()
        yield batch
      }
    } catch (error) {
      throw unavailable(input, error)
    } finally {
      await content.close()
    }
    await this.verify(slice, run)
  }

  override async verify(slice: Slice, run: RunContext): Promise<void> {
    const { input } = slice.spec as SliceSpec
    await this.config.source.verify(input, run).catch((error: unknown) => {
      throw unavailable(input, error)
    })
  }

  async #planInput(input: Input, target: number | undefined, run: RunContext): Promise<InputPlan> {
    const content = this.#content(input, run)
    try {
      return await this.config.format.plan(content, target, run)
    } finally {
      await content.close()
    }
  }

  /** About two slices per worker over all inputs, so that the last ones finish together; none too small to be worth it. */
  #targetBytes(inputs: readonly Input[]): number | undefined {
    const { workers, sliceBytes } = this.config
    if (sliceBytes !== undefined) return sliceBytes
    if (workers <= 1) return undefined
    const total = inputs.reduce((sum, input) => sum + (input.size ?? 0), 0)
    return Math.max(leastSliceBytes, Math.ceil(total / (2 * workers)))
  }

  #content(input: Input, run: RunContext): Content {
    const { source } = this.config
    const { name, size, identity, sequential } = input
    return new Content({ name, size, identity, randomAccess: sequential !== true, open: (start, end) => source.open(input, start, end, run) })
  }
}

function sizeOf(range: Range, input: Input): number | undefined {
  const end = range.end ?? input.size
  return end === undefined ? undefined : end - range.start
}

/** A worker that cannot read a planned input may have lost its volume, while the others still have it. */
function unavailable({ name }: Input, error: unknown): unknown {
  if (!(error instanceof HeadgateError) || (error.code !== 'SourceNotFound' && error.code !== 'SourceUnreadable')) return error
  const what = `${name} was there when the run was planned and cannot be read now: ${error.message}`
  return new HeadgateError('SourceUnavailable', what, { retryable: true, cause: error })
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
