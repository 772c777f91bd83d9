import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Schema } from '../../crds/fields.ts'
import type { CellRules } from '../records/byte-batch.ts'
import { byteBatch, column, csvRules, slowly, type TestCell } from './testing/cells.ts'
import { encode, type Shape, shapes } from './testing/shapes.ts'
import { compileTextCheck } from './text-check.ts'
import { isCommonEmail } from './types/email.ts'
import { copyUtf8 } from './types/utf8.ts'

const rules = fc
  .record({ nullTokens: fc.constantFrom(csvRules.nullTokens, [], [Buffer.from('NA'), Buffer.from('0')]), quotedEmptyIsNull: fc.boolean(), trim: fc.boolean() })
  .map((some): CellRules => ({ ...csvRules, ...some }))

/** Cells unchanged, cut, doubled or with one byte changed; never with a character that needs framing. */
function cellsOf(texts: fc.Arbitrary<string>): fc.Arbitrary<TestCell> {
  const content = fc
    .tuple(texts, fc.constantFrom('as it is', 'as it is', 'changed', 'cut', 'padded', 'empty'), fc.nat(), fc.integer({ min: 1, max: 127 }))
    .map(([text, how, at, byte]) => {
      const bytes = Buffer.from(text)
      if (how === 'empty') return Buffer.alloc(0)
      if (how === 'padded') return Buffer.from(at % 2 === 0 ? ` ${text}` : `${text}\t`)
      if (bytes.length === 0 || how === 'as it is') return bytes
      if (how === 'cut') return bytes.subarray(0, at % bytes.length)
      bytes[at % bytes.length] = byte
      return bytes
    })
  const sound = content.filter((bytes) => Buffer.from(bytes.toString()).equals(bytes) && !/[";\n]/.test(bytes.toString()))
  return fc.record({ content: sound, quoted: fc.boolean() })
}

describe('the fast path', () => {
  for (const [name, { field, column: to, cells }] of Object.entries(shapes)) {
    it(`accepts of ${name} what the slow path accepts, and writes the same bytes`, async () => {
      const columns = [to, column('_run', 'int8'), column('_pos', 'int8')]
      const records = fc.array(
        cellsOf(cells).map((cell) => [cell]),
        { minLength: 1, maxLength: 20 },
      )
      await fc.assert(
        fc.asyncProperty(records, rules, async (made, cellRules) => {
          const batch = byteBatch(['f'], made, cellRules)
          expect(await encode({ fields: [field] }, columns, batch)).toEqual(await encode({ fields: [field] }, columns, slowly(batch)))
        }),
        { numRuns: 100 },
      )
    })
  }

  it('does the same for whole records with a key, rules and fields that the source lacks', async () => {
    const good: Record<string, fc.Arbitrary<string>> = {
      int4: fc.integer({ min: -5, max: 99 }).map(String),
      numeric: fc.integer({ min: -9999, max: 99999 }).map((cents) => (cents / 100).toFixed(2)),
      float8: fc.integer({ min: -9, max: 999 }).map(String),
      date: fc.constantFrom('2024-02-29', '1999-12-31'),
      timestamptz: fc.constantFrom('2024-02-29T12:00:00Z', '2024-02-29 12:00:00.123456+02:00'),
      uuid: fc.uuid(),
      text: fc.constantFrom('x', 'ü', 'NA', ''),
      email: fc.constantFrom('a@b.co', "o'x@b.co"),
      enum: fc.constantFrom('new', 'ü', ''),
    }
    const named = Object.entries(good).map(([name, cells]) => {
      const shape = shapes[name] as Shape
      const mostly = fc.oneof(
        { weight: 30, arbitrary: cells.map((text) => ({ content: Buffer.from(text), quoted: false })) },
        { weight: 1, arbitrary: cellsOf(shape.cells) },
      )
      return { cells: mostly, field: { ...shape.field, name }, column: { ...shape.column, name } }
    })
    const schema: Schema = {
      primaryKey: ['uuid'],
      fields: [...named.map(({ field }) => field), { name: 'late', type: 'text', nullable: true }],
      rules: [
        { name: 'positive', expression: 'record.int4 >= 0 || record.numeric > 0.0' },
        { name: 'odd', expression: 'record.int4 % 2 == 1', outcome: 'warn' },
      ],
    }
    const columns = [...named.map((shape) => shape.column), column('late', 'text'), column('_extra', 'jsonb'), column('_pos', 'int8')]
    const fields = named.map(({ field }) => field.name)
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(...named.map(({ cells }) => cells)), { minLength: 1, maxLength: 20 }), async (made) => {
        const batch = byteBatch(fields, made)
        const fast = await encode(schema, columns, batch)
        expect(fast).toEqual(await encode(schema, columns, slowly(batch)))
        accepted += fast.accepted
      }),
      { numRuns: 100 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe('text', () => {
  it('is fast only if it is well-formed UTF-8 without U+0000', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 8 }),
          fc
            .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xff, 0), { maxLength: 6 })
            .map((list) => Uint8Array.from(list)),
        ),
        (bytes) => {
          const out = Buffer.alloc(16)
          const characters = copyUtf8(bytes, 0, bytes.length, out, 4)
          if (characters < 0) return !isUtf8(bytes) || bytes.includes(0) || bytes[0] === 0xef
          return (
            isUtf8(bytes) && !bytes.includes(0) && [...Buffer.from(bytes).toString()].length === characters && out.subarray(4, 4 + bytes.length).equals(bytes)
          )
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('that the fast check takes for an e-mail address is one', () => {
    const check = compileTextCheck({ name: 'f', type: 'text', format: 'email' })
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.stringMatching(/^[a-z0-9._+%@-]{0,12}@[a-zA-Z0-9.-]{0,12}$/)), (text) => {
        const bytes = Buffer.from(text)
        return !isCommonEmail(bytes, 0, bytes.length) || check?.(text).length === 0
      }),
      { numRuns: 5000 },
    )
  })

  it('in an encoding other than UTF-8 is left to the slow path unless it is ASCII', async () => {
    const batch = byteBatch(['f'], [[{ content: Buffer.from('plain'), quoted: false }], [{ content: Buffer.from('gr\u00fcn'), quoted: false }]], {
      ...csvRules,
      utf8: false,
    })
    const read: number[] = []
    const record = batch.record.bind(batch)
    batch.record = (index) => {
      read.push(index)
      return record(index)
    }
    await encode({ fields: [{ name: 'f', type: 'text' }] }, [column('f', 'text')], batch)
    expect(read).toEqual([1])
  })
})
