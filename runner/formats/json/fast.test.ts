// The fast path accepts of JSON what the slow path accepts, and loads the same bytes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sampleRun } from '../../../sdk/conformance/check.ts'
import { contentOf } from '../../../test/support/csv.ts'
import { column, slowly } from '../../validation/testing/cells.ts'
import { encode, shapes } from '../../validation/testing/shapes.ts'
import { JsonFormat } from './format.ts'

const others = fc.constantFrom(
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1.0',
  '1.50',
  '1e3',
  '20240229',
  '12345678901234567890',
  '[]',
  '{"a": 1}',
  '"\\u0041"',
  '"NA"',
  '""',
  '" 1"',
)

/** JSON text of a value: a string, the value as it is if that is JSON, or another value. */
function jsonOf(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const string = texts.map((text) => JSON.stringify(text))
  const escaped = string.map((text) => text.replace(/[a-zA-Z0-9]/, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`))
  const literal = texts.map((text) => (isJson(text) ? text.replaceAll('\n', ' ') : '7'))
  return fc.oneof(string, escaped, literal, others)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('a field of JSON', () => {
  test.each(Object.entries(shapes))('of %s', async (_name, { field, column: to, cells }) => {
    const columns = [to, column('_run', 'int8'), column('_pos', 'int8')]
    const format = new JsonFormat({}, [{ name: 'f', type: field.type }])
    const lines = fc.array(
      jsonOf(cells).map((value) => `{"f": ${value}}`),
      { minLength: 1, maxLength: 20 },
    )
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(lines, async (texts) => {
        for await (const batch of format.read(contentOf(Buffer.from(texts.join('\n'))), { start: 0, end: null }, undefined, sampleRun())) {
          const fast = await encode({ fields: [field] }, columns, batch)
          expect(fast).toEqual(await encode({ fields: [field] }, columns, slowly(batch)))
          accepted += fast.accepted
        }
      }),
      { numRuns: 150 },
    )
    expect(accepted).toBeGreaterThan(0)
  })
})
