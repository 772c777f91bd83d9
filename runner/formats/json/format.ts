// JsonFormat: a record for each line (NDJSON), or for each object at a path of a document.
import type { JsonFormat as JsonConfig } from '../../../crds/formats/json.ts'
import { HeadgateError, type Position, type RecordBatch, type RunContext } from '../../../sdk/index.ts'
import { compressionOf, decompressed } from '../../content/compression.ts'
import type { Content } from '../../content/content.ts'
import { ByteBatch } from '../../records/byte-batch.ts'
import { type TextInput, textInput } from '../../text/input.ts'
import { doubtUndecodable } from '../../text/undecodable.ts'
import type { Format, InputPlan, Range, SourceField } from '../format.ts'
import { blocks, type Framer } from './blocks.ts'
import { DocumentFramer, documentPosition } from './document.ts'
import { LinesFramer } from './lines.ts'
import { Names } from './names.ts'
import { type Path, parsePath } from './path.ts'
import { RecordParser } from './records.ts'
import { RowScanner } from './row-scanner.ts'
import { JsonScanner } from './scanner.ts'
import { lineCuts } from './split.ts'

const defaultBlockBytes = 1 << 18
const leastBlockBytes = 1 << 10
const defaultMaxRecordBytes = 1 << 20

/** An object without members. */
const leastRecordBytes = 2

const tokens = ['{}[]":,\\']

export class JsonFormat implements Format {
  readonly #config: JsonConfig
  readonly #declared: readonly SourceField[]
  readonly #path: Path | undefined
  readonly #blockBytes: number

  /** Throws InvalidConfig. */
  constructor(config: JsonConfig, declared: readonly SourceField[], options: { blockBytes?: number } = {}) {
    const path = config.path === undefined ? undefined : parsePath(config.path)
    if (typeof path === 'string') throw new HeadgateError('InvalidConfig', `format.json.path ${path}`)
    this.#config = config
    this.#declared = declared
    this.#path = path
    this.#blockBytes = options.blockBytes ?? defaultBlockBytes
  }

  async plan(content: Content, targetBytes: number | undefined, run: RunContext): Promise<InputPlan> {
    const text = await this.#text(content)
    const { randomAccess, size } = text.content
    const splits = this.#path === undefined && targetBytes !== undefined && randomAccess && size !== undefined && size > targetBytes
    const starts = splits ? [0, ...(await lineCuts(text.content, size, targetBytes, run.signal))] : [0]
    return {
      empty: text.empty,
      ...(randomAccess && { leastRecordBytes }),
      ranges: starts.map((start, index) => ({ start, end: starts[index + 1] ?? null })),
    }
  }

  async *read(content: Content, range: Range, from: Position | undefined, { batchSize }: RunContext): AsyncIterable<RecordBatch> {
    const text = await this.#text(content)
    if (text.empty) return
    const { encoding } = text
    const parser = new RecordParser({ declared: this.#declared, separator: this.#config.flatten, encoding, maxRecordBytes: this.#maxRecordBytes })
    const names = new Names(this.#declared, this.#config.flatten, encoding.encode)
    const rows = new RowScanner(names, encoding.decode, new JsonScanner({ lines: this.#path === undefined }))
    const { framer, offset } = this.#framer(text, range, from, rows)
    const shared = { width: names.width, complete: false, rules: parser.rules, parse: parser.parse.bind(parser), warn: parser.warning.bind(parser) }
    const original = encoding.transcode === undefined ? undefined : encoding.original
    const options = { framer, width: names.width, blockBytes: this.#blockBytesOf(text.content.size), batchSize }
    for await (const { bytes, origin, frames, next } of blocks(text.content.open(offset, range.end ?? undefined), offset, options)) {
      const { size, cells, rows: bounds, plain, notes } = frames
      doubtUndecodable(frames, bytes, encoding)
      yield new ByteBatch({ ...shared, bytes, origin, size, cells, rows: bounds, plain, notes, fields: names.fields, next, original })
    }
  }

  #framer(text: TextInput, range: Range, from: Position | undefined, rows: RowScanner): { framer: Framer; offset: number } {
    const start = Math.max(range.start, range.start === 0 ? text.markBytes : 0)
    const { name } = text
    if (this.#path === undefined) {
      const offset = from === undefined ? start : lineOffset(range, from, name)
      return { framer: new LinesFramer(rows, this.#maxRecordBytes), offset }
    }
    const position = from === undefined ? undefined : documentPosition(from, this.#path, name)
    const { allowEmpty = false, path = '' } = this.#config
    const framer = new DocumentFramer({ path: this.#path, shown: path, rows, maxRecordBytes: this.#maxRecordBytes, name, allowEmpty }, position)
    return { framer, offset: position?.offset ?? start }
  }

  async #text(content: Content): Promise<TextInput> {
    const { compression, encoding } = this.#config
    const plain = decompressed(content, await compressionOf(content, compression))
    return textInput(plain, { encoding, tokens, expected: 'JSON', setting: 'format.json.encoding' })
  }

  get #maxRecordBytes(): number {
    return this.#config.maxRecordBytes ?? defaultMaxRecordBytes
  }

  /** A small input needs no large buffers: there may be many. */
  #blockBytesOf(size: number | undefined): number {
    return size === undefined ? this.#blockBytes : Math.min(this.#blockBytes, Math.max(leastBlockBytes, size))
  }
}

function lineOffset({ start, end }: Range, position: Position, name: string): number {
  if (Number.isSafeInteger(position) && (position as number) >= start && (position as number) <= (end ?? Infinity)) return position as number
  throw new HeadgateError('InvalidPosition', `${name} was to be read on from ${JSON.stringify(position)}, which is no place in its slice; start a new run`)
}
