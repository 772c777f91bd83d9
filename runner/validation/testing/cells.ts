// Batches of hand-made cells, for the tests of this folder.
import type { Field, Schema } from '../../../crds/fields.ts'
import { sampleRun } from '../../../sdk/conformance/index.ts'
import { ObjectBatch, type RecordBatch, type RunContext, type SourceRecord, type Transformer } from '../../../sdk/index.ts'
import { type DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { ByteBatch, type CellRules } from '../../records/byte-batch.ts'
import { compileProgram, type ProgramOptions } from '../program.ts'
import { planTransforms } from '../transform/plan.ts'

export const csvRules: CellRules = { quote: 0x22, nullTokens: [Buffer.alloc(0)], quotedEmptyIsNull: false, trim: false, utf8: true }

/** Bytes or text of each cell; `quoted` ones stand in quotes. */
export type TestCell = { content: Buffer; quoted: boolean }

/** A batch as a framer would make it; its records are read by rules independent of the fast path. */
export function byteBatch(fields: readonly string[], records: readonly (readonly TestCell[])[], rules = csvRules): ByteBatch {
  const cells: number[] = []
  const rows: number[] = []
  const parts: Buffer[] = []
  let at = 0
  const push = (part: Buffer) => {
    parts.push(part)
    at += part.length
  }
  for (const record of records) {
    rows.push(at)
    for (const [number, { content, quoted }] of record.entries()) {
      if (number > 0) push(Buffer.from(';'))
      if (quoted) push(Buffer.from('"'))
      cells.push(at, at + content.length)
      push(content)
      if (quoted) push(Buffer.from('"'))
    }
    rows.push(at)
    push(Buffer.from('\n'))
  }
  const parse = (raw: Buffer) => {
    const number = rows.findIndex((start, index) => index % 2 === 0 && start === raw.byteOffset - bytes.byteOffset) / 2
    return Object.fromEntries(fields.map((field, column) => [field, cellValue(records[number]?.[column] as TestCell, rules)]))
  }
  const bytes = Buffer.concat(parts)
  const size = records.length
  return new ByteBatch({
    bytes,
    size,
    width: fields.length,
    cells: Int32Array.from(cells),
    rows: Int32Array.from(rows),
    plain: new Uint8Array(size).fill(1),
    rules,
    fields,
    next: at,
    origin: 0,
    parse,
  })
}

/** The same records without bytes, so that only the slow path can take them. */
export function slowly(batch: RecordBatch): RecordBatch {
  const { size, fields, next, complete = true } = batch
  return {
    size,
    fields,
    complete,
    next,
    record: (index) => batch.record(index),
    raw: (index) => batch.raw(index),
    order: (index) => batch.order(index),
    problem: (index) => batch.problem(index),
  }
}

function cellValue({ content, quoted }: TestCell, rules: CellRules): string | null {
  if (quoted) return content.length === 0 && rules.quotedEmptyIsNull ? null : content.toString()
  const text = rules.trim ? content.toString().replace(/^[ \t]+|[ \t]+$/g, '') : content.toString()
  return rules.nullTokens.some((token) => token.toString() === text) ? null : text
}

export function column(name: string, type: string, modifier = -1, formatted = type): DestinationColumn {
  return { name, type, modifier, formatted, notNull: false, equalsByBytes: true, labels: null }
}

export function numericColumn(name: string, precision: number, scale: number): DestinationColumn {
  return column(name, 'numeric', ((precision << 16) | (scale & 0x7ff)) + 4, `numeric(${precision},${scale})`)
}

export function testRun(warnings: string[] = []): RunContext {
  return sampleRun({ id: 7, name: 'run', pipeline: 'test', folder: '.', warn: (code, message) => void warnings.push(`${code}: ${message}`) })
}

export function program(
  schema: Schema,
  columns: DestinationColumn[] | undefined,
  { transformers = [], ...more }: Partial<ProgramOptions> & { transformers?: Transformer[] } = {},
) {
  const transforms = planTransforms(schema, transformers)
  return compileProgram({ schema, columns, run: testRun(), validators: [], transforms, references: async () => new Set(), ...more })
}

/** The outcome of records of one field: the loaded value, or the codes of their errors. */
export async function judge(field: Omit<Field, 'name'>, values: unknown[], columns?: DestinationColumn[]): Promise<unknown[]> {
  const results: unknown[] = []
  for (const value of values) {
    const records: { order: number; record: SourceRecord }[] = []
    const compiled = program({ fields: [{ name: 'f', ...field }] }, columns)
    const sink = columns === undefined ? { records } : { rows: new EncodedRows() }
    const { rejected } = await compiled.process(new ObjectBatch([{ f: value }], { firstOrder: 0, next: 1 }), 0, sink)
    if (rejected[0] !== undefined) results.push(rejected[0].errors.map(({ code }) => code).join(' '))
    else results.push(columns === undefined ? { value: records[0]?.record.f } : 'loaded')
  }
  return results
}
