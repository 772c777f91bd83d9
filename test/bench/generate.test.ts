import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { chunks, columns, type DataSet } from './generate.ts'

const dataSet: DataSet = { rows: 4000, order: 'sorted', edition: 1, seed: 7 }

function text(changed: Partial<DataSet> = {}): string {
  return [...chunks({ ...dataSet, ...changed })].join('')
}

function rows(changed: Partial<DataSet> = {}): string[][] {
  return parse(text(changed)).slice(1)
}

test('the same seed gives the same file, another seed another one', () => {
  expect(text()).toBe(text())
  expect(text({ seed: 8 })).not.toBe(text())
})

test('every row has the eight columns, in well-formed CSV of about 125 bytes a row', () => {
  const parsed = parse(text())
  expect(parsed[0]).toEqual(columns)
  expect(parsed).toHaveLength(4001)
  expect(Buffer.byteLength(text()) / 4000).toBeGreaterThan(110)
  expect(Buffer.byteLength(text()) / 4000).toBeLessThan(140)
})

test('some notes hold commas, line breaks and quotes, and some are missing', () => {
  const notes = rows().map((row) => row[7] as string)
  for (const wanted of [',', '\n', '"']) expect(notes.some((note) => note.includes(wanted))).toBe(true)
  expect(notes).toContain('')
})

test('sorted keys count up; random ones are the same rows in another order', () => {
  const sorted = rows()
  const random = rows({ order: 'random' })
  expect(sorted.map(([key]) => Number(key))).toEqual(Array.from({ length: 4000 }, (_, index) => index + 1))
  expect(random).not.toEqual(sorted)
  expect(random.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(sorted)
})

test('the second edition differs in every amount and in nothing else', () => {
  const second = rows({ edition: 2 })
  for (const [index, [key, name, email, amount, ...rest]] of rows().entries()) {
    const [otherKey, otherName, otherEmail, otherAmount, ...otherRest] = second[index] as string[]
    expect([otherKey, otherName, otherEmail, ...otherRest]).toEqual([key, name, email, ...rest])
    expect(otherAmount).not.toBe(amount)
  }
})

test('as many rows as asked for are bad, evenly spread, and only in their amount', () => {
  const bad = rows({ rejects: 40 })
  const places = bad.flatMap(([, , , amount], index) => (amount === 'unknown' ? [index] : []))
  expect(places).toEqual(Array.from({ length: 40 }, (_, index) => index * 100 + 99))
  expect(bad.map(([key]) => key)).toEqual(rows().map(([key]) => key))
})
