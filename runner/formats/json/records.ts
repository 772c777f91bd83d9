// RecordParser: the slow path, which decides what a record says or why it says nothing. The row scanner decides what is well-formed, and
// where the text of a json field is; JSON.parse reads the values. Tests hold the two against each other.
import type { SourceRecord } from '../../../sdk/index.ts'
import { isRawJson, parseExactJson } from '../../../sdk/raw-json.ts'
import { type CellRules, RecordProblem } from '../../records/byte-batch.ts'
import type { TextEncoding } from '../../text/encoding.ts'
import type { SourceField } from '../format.ts'
import { Names } from './names.ts'
import { mostMembers, RowScanner } from './row-scanner.ts'
import { mark, mostDepth } from './scanner.ts'

export type ParserOptions = {
  declared: readonly SourceField[]
  /** Joins the names of nested objects; undefined if these are not flattened. */
  separator: string | undefined
  encoding: TextEncoding
  maxRecordBytes: number
}

/** Ends the scanner's loops. */
const sentinel = Buffer.of(0)

export class RecordParser {
  readonly rules: CellRules
  readonly #options: ParserOptions
  readonly #names: Names
  readonly #rows: RowScanner
  readonly #cells: Int32Array

  constructor(options: ParserOptions) {
    const { declared, separator, encoding } = options
    this.#options = options
    this.#names = new Names(declared, separator, encoding.encode)
    this.#rows = new RowScanner(this.#names, encoding.decode)
    this.#cells = new Int32Array(2 * this.#names.width)
    this.rules = {
      quote: mark.quote,
      nullTokens: [Buffer.from('null'), Buffer.alloc(0)],
      quotedEmptyIsNull: false,
      trim: false,
      utf8: encoding.utf8,
      literals: true,
      unescape: (bytes, start, end) => unescaped(encoding.decode(bytes.subarray(start, end))),
    }
  }

  /** `raw` are the framed bytes of one record. */
  parse(raw: Buffer): SourceRecord | RecordProblem {
    const { encoding, maxRecordBytes } = this.#options
    if (raw.length > maxRecordBytes) return tooLong(maxRecordBytes)
    const text = encoding.decode(raw)
    if (text === undefined) return new RecordProblem('encoding.invalid', `the record holds bytes that are not ${encoding.name}`)
    const bytes = Buffer.concat([raw, sentinel])
    const problem = this.#problem(bytes)
    if (problem !== undefined) return problem
    const value = parseExactJson(text) as Record<string, unknown>
    const record: SourceRecord = {}
    this.#collect(record, '', value)
    for (const [column, field] of this.#names.fields.slice(0, this.#names.width).entries()) {
      if (this.#names.isJson(column) && record[field] !== null && record[field] !== undefined) record[field] = this.#sourceText(bytes, column, record[field])
    }
    return record
  }

  /** A member that occurs twice, in a record without a problem. */
  warning(raw: Buffer): RecordProblem | undefined {
    this.#scan(Buffer.concat([raw, sentinel]))
    return this.#rows.duplicate ? new RecordProblem('json.duplicate', 'a member occurs more than once; the last one counts') : undefined
  }

  #problem(bytes: Buffer): RecordProblem | undefined {
    const { scanner } = this.#rows
    const start = scanner.blanks(bytes, 0)
    const isObject = bytes[start] === mark.openBrace
    const end = isObject ? this.#scan(bytes) : scanner.value(bytes, start)
    if (end < 0 && scanner.tooDeep) return new RecordProblem('json.depth', `objects and lists are nested more than ${mostDepth} levels deep`)
    const wrong = end < 0 ? scanner.failedAt : scanner.blanks(bytes, end)
    if (wrong < bytes.length - 1 || end < 0) return malformed(wrong, bytes.length - 1)
    if (!isObject) return new RecordProblem('json.notObject', 'the record is a JSON value, but not an object')
    return this.#rows.members > mostMembers ? new RecordProblem('json.members', `the object has more than ${mostMembers} members`) : undefined
  }

  #scan(bytes: Buffer): number {
    return this.#rows.object(bytes, this.#rows.scanner.blanks(bytes, 0), this.#cells, 0)
  }

  /** Adds the members of an object to the record. */
  #collect(record: SourceRecord, prefix: string, object: object): void {
    const { separator } = this.#options
    for (const [name, value] of Object.entries(object)) {
      const field = prefix + name
      if (separator !== undefined && isObject(value) && !this.#names.isJsonField(field)) this.#collect(record, field + separator, value)
      else set(record, field, isRawJson(value) ? value.rawJSON : value)
    }
  }

  /** The exact text of a value, which a field of type json takes. */
  #sourceText(bytes: Buffer, column: number, value: unknown): unknown {
    const start = this.#cells[2 * column] as number
    const end = this.#cells[2 * column + 1] as number
    return start < end ? this.#options.encoding.decode(bytes.subarray(start, end)) : value
  }
}

export function tooLong(maxRecordBytes: number): RecordProblem {
  return new RecordProblem('json.tooLong', `the record is longer than ${maxRecordBytes} bytes; its beginning is kept (format.json.maxRecordBytes allows more)`)
}

function malformed(at: number, length: number): RecordProblem {
  const place = at >= length ? 'it ends too early' : `byte ${at} of the record is not what may stand there`
  return new RecordProblem('json.malformed', `the record is not valid JSON: ${place}`)
}

function unescaped(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (JSON.parse(`"${text}"`) as string)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value)
}

/** A member may be named __proto__. */
function set(record: SourceRecord, field: string, value: unknown): void {
  if (field === '__proto__') Object.defineProperty(record, field, { value, enumerable: true, writable: true, configurable: true })
  else record[field] = value
}
