// Fast cell of text and enum: UTF-8 checked and copied in one loop.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import type { CellRules } from '../../records/byte-batch.ts'
import { compileTextCheck } from '../text-check.ts'
import { isCommonEmail } from './email.ts'
import type { Cell } from './field-type.ts'
import { copyUtf8 } from './utf8.ts'

/** Whether a cell of valid text passes the checks that need a string. */
type Passes = (bytes: Buffer, start: number, end: number) => boolean

export function textCell(field: Field, column: DestinationColumn, rules: CellRules): Cell | undefined {
  const limit = characterLimit(column)
  if (limit === undefined || field.min !== undefined || field.max !== undefined) return undefined
  const least = field.minLength ?? 0
  const most = Math.min(field.maxLength ?? Infinity, limit)
  if (field.type === 'enum') return wordCell(field, least, most)
  const passes = compilePasses(field)
  const { utf8 } = rules
  return (bytes, start, end, rows) => {
    const from = rows.length
    let characters = copyAscii(bytes, start, end, rows)
    if (characters < 0) {
      if (!utf8) return false
      characters = copyUtf8(bytes, start, end, rows.bytes, from + 4)
    }
    if (characters < least || characters > most) return false
    if (passes !== undefined && !passes(bytes as Buffer, start, end)) return false
    writeLength(rows, end - start)
    return true
  }
}

/** Number of characters, or -1 if a byte is not ASCII from 1 to 127. Does not finish the cell. */
function copyAscii(bytes: Uint8Array, start: number, end: number, rows: EncodedRows): number {
  const out = rows.bytes
  let to = rows.length + 4
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if ((byte - 1) >>> 0 > 0x7e) return -1
    out[to++] = byte
  }
  return end - start
}

function writeLength(rows: EncodedRows, size: number): void {
  const { bytes, length } = rows
  bytes[length] = size >>> 24
  bytes[length + 1] = size >>> 16
  bytes[length + 2] = size >>> 8
  bytes[length + 3] = size
  rows.length = length + 4 + size
}

/** Pattern and format by the slow path's check. Results for short cells are cached; e-mail is tried on bytes first. */
function compilePasses({ name, type, pattern, format }: Field): Passes | undefined {
  if (pattern === undefined && format === undefined) return undefined
  const check = compileTextCheck({ name, type, ...(pattern !== undefined && { pattern }), ...(format !== undefined && { format }) })
  const passes: Passes = (bytes, start, end) => check?.(bytes.toString('utf8', start, end)).length === 0
  if (pattern === undefined && format === 'email') return (bytes, start, end) => isCommonEmail(bytes, start, end) || passes(bytes, start, end)
  return remembering(passes)
}

const mostRemembered = 4096

function remembering(passes: Passes): Passes {
  const answers = new Map<number, boolean>()
  return (bytes, start, end) => {
    if (end - start > 6) return passes(bytes, start, end)
    let key = end - start
    for (let at = start; at < end; at++) key = key * 256 + (bytes[at] as number)
    const known = answers.get(key)
    if (known !== undefined) return known
    if (answers.size >= mostRemembered) answers.clear()
    const answer = passes(bytes, start, end)
    answers.set(key, answer)
    return answer
  }
}

const mostWords = 32

/** The words that pass every check, compared byte by byte. */
function wordCell(field: Field, least: number, most: number): Cell | undefined {
  const check = compileTextCheck(field)
  const fits = (word: string) => [...word].length >= least && [...word].length <= most && word.isWellFormed() && !word.includes('\0')
  const words = (field.values ?? []).filter(
    (word) => fits(word) && Buffer.byteLength(word) === word.length && (check === undefined || check(word).length === 0),
  )
  if (words.length > mostWords) return undefined
  const encoded = words.map((word) => Buffer.from(word))
  return (bytes, start, end, rows) => {
    for (let index = 0; index < encoded.length; index++) {
      if (!isWord(encoded[index] as Buffer, bytes, start, end)) continue
      const out = rows.bytes
      let to = rows.length + 4
      for (let at = start; at < end; at++) out[to++] = bytes[at] as number
      writeLength(rows, end - start)
      return true
    }
    return false
  }
}

function isWord(word: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== word.length) return false
  for (let at = 0; at < word.length; at++) if (word[at] !== bytes[start + at]) return false
  return true
}

/** Most characters a text column takes, Infinity without a limit; undefined if it is no text column. */
export function characterLimit(column: DestinationColumn): number | undefined {
  if (column.type === 'text' || column.type === 'citext') return Infinity
  if (column.type === 'varchar' || column.type === 'bpchar') return column.modifier < 4 ? Infinity : column.modifier - 4
  return undefined
}
