// boolean: declared words or PostgreSQL's own, in any case.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { writeBoolean } from '../../copy/write.ts'
import type { CellRules } from '../../records/byte-batch.ts'
import { Problem } from '../problem.ts'
import type { Cell, Encoder, FieldType, Parse } from './field-type.ts'
import { never } from './field-type.ts'
import { textEncoder } from './text.ts'

const trueWords = ['true', 't', 'yes', 'y', 'on', '1']
const falseWords = ['false', 'f', 'no', 'n', 'off', '0']

export const boolean: FieldType = {
  parser: booleanParser,
  encoder: booleanEncoder,
  cell: booleanCell,
}

function booleanParser(field: Field): Parse {
  const truths = wordTest(field.trueWords, trueWords)
  const falsehoods = wordTest(field.falseWords, falseWords)
  return (input) => {
    if (typeof input === 'boolean') return input
    const word = typeof input === 'number' || typeof input === 'bigint' ? String(input) : input
    if (typeof word === 'string') {
      if (truths(word)) return true
      if (falsehoods(word)) return false
    }
    return new Problem('type.boolean', 'is none of the words for true or false')
  }
}

function wordTest(declared: readonly string[] | undefined, usual: readonly string[]): (word: string) => boolean {
  const words = new Set((declared ?? usual).map((word) => word.toLowerCase()))
  return (word) => words.has(word.toLowerCase())
}

function booleanEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'bool') return { fit: never, write: (rows, value) => writeBoolean(rows, value as boolean) }
  const other = textEncoder(column)
  if (other === undefined) return undefined
  return { fit: (value) => other.fit(String(value)), write: (rows, value) => other.write(rows, String(value)) }
}

function booleanCell(field: Field, column: DestinationColumn, _rules: CellRules): Cell | undefined {
  if (column.type !== 'bool') return undefined
  const parse = booleanParser(field)
  const shortest = new Int8Array(128).fill(-1)
  for (let byte = 0; byte < 128; byte++) {
    const value = parse(String.fromCharCode(byte))
    if (typeof value === 'boolean') shortest[byte] = value ? 1 : 0
  }
  return (bytes, start, end, rows) => {
    if (end - start === 1) return writeWord(rows, shortest[bytes[start] as number] ?? -1)
    if (end - start > 32) return false
    let text = ''
    for (let at = start; at < end; at++) {
      if ((bytes[at] as number) > 0x7f) return false
      text += String.fromCharCode(bytes[at] as number)
    }
    const value = parse(text)
    return typeof value === 'boolean' && writeWord(rows, value ? 1 : 0)
  }
}

function writeWord(rows: EncodedRows, word: number): boolean {
  if (word < 0) return false
  const { bytes, length } = rows
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  bytes[length + 3] = 1
  bytes[length + 4] = word
  rows.length = length + 5
  return true
}
