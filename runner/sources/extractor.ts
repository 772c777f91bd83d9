// SourceExtractor: any source with any format. Plans slices over all inputs and reads them.
import { Extractor, type Position, type RecordBatch, type RunContext, type Slice } from '../../sdk/index.ts'
import type { Content, Format, Range } from '../formats/format.ts'
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
    const { source, format } = this.config
    const inputs = await collected(source.inputs(run))
    const target = this.#targetBytes(inputs)
    for (const [number, input] of inputs.entries()) {
      run.signal.throwIfAborted()
      const content = this.#content(input, run)
      const outline = await format.outline(content)
      if (outline.fields === undefined) run.warn('EmptyInput', `${input.name} is empty: it counts as a delivery of no records`)
      const ranges = await format.plan(content, target)
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
    await this.config.source.verify(input, run)
    for await (const batch of this.config.format.read(this.#content(input, run), range, from, run.batchSize)) {
      run.signal.throwIfAborted()
      yield batch
    }
    await this.config.source.verify(input, run)
  }

  override async verify(slice: Slice, run: RunContext): Promise<void> {
    await this.config.source.verify((slice.spec as SliceSpec).input, run)
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
    return { name: input.name, size: input.size, open: (offset) => source.open(input, offset, run) }
  }
}

function sizeOf(range: Range, input: Input): number | undefined {
  const end = range.end ?? input.size
  return end === undefined ? undefined : end - range.start
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
