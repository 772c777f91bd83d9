// CsvFormat: delimited text in any dialect, encoding and compression.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError, type Position, type RecordBatch, type RunContext } from '../../../sdk/index.ts'
import type { Bytes } from '../../content/bytes.ts'
import type { Content } from '../../content/content.ts'
import { withoutLastLines } from '../../text/lines.ts'
import type { Format, InputPlan, Range } from '../format.ts'
import { batches } from './batches.ts'
import type { CsvPosition } from './blocks.ts'
import { leastRecordBytes } from './dialect.ts'
import { type PreparedInput, prepare } from './prepare.ts'
import { cuts } from './split.ts'

/** About one batch. Small, because reading a block keeps the rest of the process waiting. */
const defaultBlockBytes = 1 << 18

const leastBlockBytes = 1 << 10

export class CsvFormat implements Format {
  readonly config: CsvConfig
  readonly #declaredFields: readonly string[]
  readonly #blockBytes: number

  /** `declaredFields`: names of the declared fields in the source, in declared order; they name the columns of an input without a header. */
  constructor(config: CsvConfig, declaredFields: readonly string[], options: { blockBytes?: number } = {}) {
    this.config = config
    this.#declaredFields = declaredFields
    this.#blockBytes = options.blockBytes ?? defaultBlockBytes
  }

  async plan(content: Content, targetBytes: number | undefined, run: RunContext): Promise<InputPlan> {
    const input = await prepare(content, this.config, this.#declaredFields)
    const { text, fields, dialect } = input
    return {
      empty: text.empty,
      ...(!text.empty && { fields }),
      ...(text.content.randomAccess && { leastRecordBytes: leastRecordBytes(dialect) }),
      ranges: await this.#ranges(input, targetBytes, run),
    }
  }

  async *read(content: Content, range: Range, from: Position | undefined, { batchSize }: RunContext): AsyncIterable<RecordBatch> {
    const input = await prepare(content, this.config, this.#declaredFields)
    const open = (offset: number): Bytes => {
      const stream = input.text.content.open(offset, range.end ?? undefined)
      const footer = { name: content.name, setting: 'format.csv.skipFooterLines' }
      return this.#footerLines > 0 ? withoutLastLines(stream, this.#footerLines, footer) : stream
    }
    const position = from === undefined ? Math.max(range.start, input.start) : positionIn(range, from, content.name)
    yield* batches(input, this.config, { open, from: position }, { blockBytes: this.#blockBytesOf(input.text.content.size), batchSize })
  }

  async #ranges(input: PreparedInput, targetBytes: number | undefined, { signal }: RunContext): Promise<Range[]> {
    const { size, randomAccess } = input.text.content
    const splits = targetBytes !== undefined && size !== undefined && size > targetBytes && randomAccess && this.#footerLines === 0
    if (!splits) return [{ start: 0, end: null }]
    const starts = [0, ...(await cuts(input, size, targetBytes, signal))]
    return starts.map((start, index) => ({ start, end: starts[index + 1] ?? null }))
  }

  /** A small input needs no large buffers: there may be many. */
  #blockBytesOf(size: number | undefined): number {
    return size === undefined ? this.#blockBytes : Math.min(this.#blockBytes, Math.max(leastBlockBytes, size))
  }

  get #footerLines(): number {
    return this.config.skipFooterLines ?? 0
  }
}

/** A position that this format has made for a place in the range. Throws InvalidPosition for any other. */
function positionIn({ start, end }: Range, position: Position, name: string): CsvPosition {
  const { offset, lostUntil } = typeof position === 'number' ? { offset: position, lostUntil: 0 } : ((position ?? {}) as Record<string, unknown>)
  const isOffset = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  const within = isOffset(offset) && (offset as number) >= start && (offset as number) <= (end ?? Infinity)
  if (within && isOffset(lostUntil)) return position as CsvPosition
  throw new HeadgateError('InvalidPosition', `${name} was to be read on from ${JSON.stringify(position)}, which is no place in its slice; start a new run`)
}
