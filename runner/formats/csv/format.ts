// CsvFormat: delimited text, in whatever dialect, encoding and compression it comes.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError, type Position, type RecordBatch } from '../../../sdk/index.ts'
import { type Bytes, upTo } from '../byte-stream.ts'
import type { Content, Format, Outline, Range } from '../format.ts'
import { batches } from './batches.ts'
import type { CsvPosition } from './blocks.ts'
import { leastRecordBytes } from './dialect.ts'
import { withoutFooter } from './footer.ts'
import { prepare } from './prepare.ts'
import { cuts } from './split.ts'

/** About as much as one batch holds. Small, because whatever else the process does waits while a block is being read. */
const defaultBlockBytes = 1 << 18

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

  async outline(content: Content): Promise<Outline> {
    const { empty, fields, dialect, seekable } = await prepare(content, this.config, this.#declaredFields)
    return { ...(!empty && { fields }), ...(seekable && { leastRecordBytes: leastRecordBytes(dialect) }) }
  }

  async plan(content: Content, targetBytes: number | undefined): Promise<Range[]> {
    const whole = [{ start: 0, end: null }]
    const { size } = content
    if (targetBytes === undefined || size === undefined || size <= targetBytes || this.#footerLines > 0) return whole
    const input = await prepare(content, this.config, this.#declaredFields)
    if (!input.seekable) return whole
    const places = await cuts(input, size, targetBytes)
    const starts = [0, ...places]
    return starts.map((start, index) => ({ start, end: starts[index + 1] ?? null }))
  }

  async *read(content: Content, range: Range, from: Position | undefined, batchSize: number): AsyncIterable<RecordBatch> {
    const input = await prepare(content, this.config, this.#declaredFields)
    const open = (offset: number): Bytes => {
      const stream = range.end === null ? input.open(offset) : upTo(input.open(offset), range.end - offset)
      return this.#footerLines > 0 ? withoutFooter(stream, this.#footerLines, content.name) : stream
    }
    const position = from === undefined ? Math.max(range.start, input.start) : positionIn(range, from, content.name)
    yield* batches(input, this.config, { open, from: position }, { blockBytes: this.#blockBytes, batchSize })
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
