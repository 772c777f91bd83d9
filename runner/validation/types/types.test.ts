import { describe, expect, it } from 'vitest'
import type { Field } from '../../../crds/fields.ts'
import { judge } from '../testing/cells.ts'

type Case = { field: Omit<Field, 'name'>; accepted?: [unknown, unknown][]; rejected?: Record<string, unknown[]> }

const cases: Record<string, Case> = {
  integer: {
    field: { type: 'integer' },
    accepted: [
      ['0', 0n],
      ['-7', -7n],
      ['+7', 7n],
      ['007', 7n],
      [7, 7n],
      [7n, 7n],
      ['9'.repeat(40), BigInt('9'.repeat(40))],
    ],
    rejected: { 'type.integer': ['', ' 1', '1 ', '1.0', '1e3', '1,000', '1.000', 'x', '٣', '0x10', 1.5, 2 ** 60, true, {}, '9'.repeat(1001)] },
  },
  'integer with a decimal comma': {
    field: { type: 'integer', decimalComma: true },
    accepted: [['1.234.567', 1234567n]],
    rejected: { 'type.integer': ['1.23', '12.34.567', '1,5'] },
  },
  decimal: {
    field: { type: 'decimal' },
    accepted: [
      ['1', '1'],
      ['-0.50', '-0.50'],
      ['.5', '0.5'],
      ['5.', '5'],
      ['-0.0', '0.0'],
      ['007', '7'],
      ['1e3', '1000'],
      ['1.25e1', '12.5'],
      ['1e-3', '0.001'],
      [1.5, '1.5'],
    ],
    rejected: { 'type.decimal': ['', '.', '1,5', '1,234.56', 'NaN', 'Infinity', '1e1001', '1e', '--1', 'x', true] },
  },
  'decimal with precision': {
    field: { type: 'decimal', precision: 5, scale: 2 },
    accepted: [
      ['999.99', '999.99'],
      ['1.500', '1.50'],
      ['1.5', '1.5'],
    ],
    rejected: { 'type.decimal.precision': ['1000', '1.005', '0.001'] },
  },
  'decimal comma': {
    field: { type: 'decimal', decimalComma: true },
    accepted: [
      ['1.234,56', '1234.56'],
      ['1234,56', '1234.56'],
      ['1.234', '1234'],
    ],
    rejected: { 'type.decimal': ['1,234.56', '1.5', '1234.567,8', '1,2,3'] },
  },
  float: {
    field: { type: 'float' },
    accepted: [
      ['1.5', 1.5],
      ['-1e-3', -0.001],
      ['.5', 0.5],
      [2, 2],
    ],
    rejected: { 'type.float': ['', 'NaN', 'Infinity', '-Infinity', 'inf', '1e999', '1e-999', '0x1', Number.NaN, '1 '] },
  },
  boolean: {
    field: { type: 'boolean' },
    accepted: [
      ['TRUE', true],
      ['y', true],
      ['0', false],
      ['Off', false],
      [true, true],
      [0, false],
    ],
    rejected: { 'type.boolean': ['', 'ja', '2', 'tru', {}] },
  },
  'boolean in other words': {
    field: { type: 'boolean', trueWords: ['ja'], falseWords: ['nein'] },
    accepted: [
      ['Ja', true],
      ['nein', false],
    ],
    rejected: { 'type.boolean': ['true', '1'] },
  },
  date: {
    field: { type: 'date' },
    accepted: [
      ['2024-02-29', '2024-02-29'],
      ['0001-01-01', '0001-01-01'],
      ['9999-12-31', '9999-12-31'],
      ['2000-02-29', '2000-02-29'],
    ],
    rejected: {
      'type.date': [
        '2024-02-30',
        '2023-02-29',
        '1900-02-29',
        '0000-01-01',
        '2024-13-01',
        '2024-00-10',
        '2024-1-1',
        '20240101',
        '2024-01-01T00:00:00Z',
        '01.02.2024',
        '',
        20240101,
      ],
    },
  },
  'date in patterns': {
    field: { type: 'date', patterns: ['dd.MM.yyyy', 'd/M/yy'] },
    accepted: [
      ['29.02.2024', '2024-02-29'],
      ['1/2/68', '2068-02-01'],
      ['1/2/69', '1969-02-01'],
    ],
    rejected: { 'type.date': ['2024-02-29', '30.02.2024', '1.2.2024'] },
  },
  time: {
    field: { type: 'time' },
    accepted: [
      ['23:59:59.5', '23:59:59.5'],
      ['07:30', '07:30:00'],
      ['00:00:00.000000', '00:00:00'],
    ],
    rejected: { 'type.time': ['24:00:00', '23:60', '12:00:60', '7:30', '12:00Z', '00:00:00.0000001'] },
  },
  timestamp: {
    field: { type: 'timestamp' },
    accepted: [
      ['2024-01-01T00:00:00Z', '2024-01-01 00:00:00+00'],
      ['2024-01-01 00:30:00.120+05:30', '2023-12-31 19:00:00.12+00'],
      ['2024-01-01 00:00-0800', '2024-01-01 08:00:00+00'],
      [new Date(0), '1970-01-01 00:00:00+00'],
    ],
    rejected: {
      'type.timestamp': [
        '2024-01-01',
        '2024-02-30T00:00:00Z',
        '2024-01-01T24:00:00Z',
        '2024-01-01T00:00:60Z',
        '2024-01-01T00:00:00.1234567Z',
        '2024-01-01T00:00:00+16:00',
        '0001-01-01T00:00:00+01',
        '9999-12-31T23:59:59-01',
        '',
        5,
      ],
      'type.timestamp.zone': ['2024-01-01T00:00:00'],
    },
  },
  'timestamp in a zone': {
    field: { type: 'timestamp', zone: 'Europe/Berlin' },
    accepted: [
      ['2024-07-01 12:00:00', '2024-07-01 10:00:00+00'],
      ['2024-01-01 12:00:00', '2024-01-01 11:00:00+00'],
      ['2024-10-27 02:30:00', '2024-10-27 00:30:00+00'],
      ['2024-07-01 12:00:00Z', '2024-07-01 12:00:00+00'],
      ['1880-01-01 00:53:28', '1880-01-01 00:00:00+00'],
    ],
    rejected: { 'type.timestamp.zone': ['2024-03-31 02:00:00', '2024-03-31 02:59:59'] },
  },
  'timestamp in a zone south of the equator': {
    field: { type: 'timestamp', zone: 'America/Santiago' },
    accepted: [['2024-04-06 23:30:00', '2024-04-07 02:30:00+00']],
    rejected: { 'type.timestamp.zone': ['2024-09-08 00:30:00'] },
  },
  'timestamp in a pattern': {
    field: { type: 'timestamp', zone: 'UTC', patterns: ["dd/MM/yyyy 'at' HH:mm", 'yyyyMMddTHHmmsszone'] },
    accepted: [
      ['31/12/2023 at 23:59', '2023-12-31 23:59:00+00'],
      ['20240101T000000+01', '2023-12-31 23:00:00+00'],
    ],
    rejected: { 'type.timestamp': ['2024-01-01T00:00:00Z'] },
  },
  uuid: {
    field: { type: 'uuid' },
    accepted: [['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
    rejected: { 'type.uuid': ['', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'] },
  },
  json: {
    field: { type: 'json' },
    accepted: [
      ['{"a": 1.0}', '{"a": 1.0}'],
      ['null', 'null'],
      [{ a: [1, null] }, '{"a":[1,null]}'],
      [{ n: 12345678901234567890n }, '{"n":12345678901234567890}'],
      ['"\\\\u0000"', '"\\\\u0000"'],
      ['"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
    ],
    rejected: {
      'type.json': ['', '{', "{'a':1}", 'NaN', '['.repeat(501) + ']'.repeat(501), '1e1001'],
      'encoding.nul': ['"\\u0000"', '{"a":"\\u0000","a":1}'],
      'encoding.surrogate': ['"\\ud800"', '"\\udc00"', '"\\ud800x\\udc00"', '"\\ud800\\n"'],
    },
  },
  text: {
    field: { type: 'text' },
    accepted: [
      ['007', '007'],
      [' x ', ' x '],
      ['', ''],
      [7, '7'],
      [false, 'false'],
    ],
    rejected: { 'encoding.nul': ['a\0b'], 'encoding.surrogate': ['\ud800'], 'type.text': [{ a: 1 }, []] },
  },
  'text of some length': {
    field: { type: 'text', minLength: 2, maxLength: 3 },
    accepted: [['\u{1f600}\u{1f600}', '\u{1f600}\u{1f600}']],
    rejected: { 'length.min': ['\u{1f600}'], 'length.max': ['abcd'] },
  },
  'text in a pattern': { field: { type: 'text', pattern: '^\\p{Lu}+$' }, accepted: [['ÄB', 'ÄB']], rejected: { pattern: ['ab', ''] } },
  email: {
    field: { type: 'text', format: 'email' },
    accepted: [["o'neill+x@b.co", "o'neill+x@b.co"]],
    rejected: { 'format.email': ['a@b', 'a b@c.de', '@b.co', 'a..b@c.de'] },
  },
  enum: { field: { type: 'enum', values: ['new', 'old'] }, accepted: [['new', 'new']], rejected: { enum: ['New', '', 'newer'] } },
  'a range of integers': {
    field: { type: 'integer', min: 1, max: '9223372036854775808' },
    accepted: [['9223372036854775808', 9223372036854775808n]],
    rejected: { 'range.min': ['0'], 'range.max': ['9223372036854775809'] },
  },
  'a range of decimals': {
    field: { type: 'decimal', min: '-0.1', max: '10' },
    accepted: [
      ['-0.1', '-0.1'],
      ['-0.10', '-0.10'],
      ['9.99', '9.99'],
      ['10.00', '10.00'],
    ],
    rejected: { 'range.min': ['-0.1000000000000000000001', '-11'], 'range.max': ['10.0000000000000000000001'] },
  },
  'a range of dates': {
    field: { type: 'date', min: '2024-01-01', patterns: ['dd.MM.yyyy'] },
    accepted: [['01.01.2024', '2024-01-01']],
    rejected: { 'range.min': ['31.12.2023'] },
  },
  'a range of timestamps': {
    field: { type: 'timestamp', max: '2024-01-01T00:00:00.000001Z' },
    accepted: [['2024-01-01T00:00:00Z', '2024-01-01 00:00:00+00']],
    rejected: { 'range.max': ['2024-01-01T00:00:00.000002Z'] },
  },
  'trimmed integers': { field: { type: 'integer', trim: true }, accepted: [[' \t1 ', 1n]], rejected: { 'type.integer': ['\u00a01'] } },
  'null tokens of a field': {
    field: { type: 'integer', nullable: true, nullTokens: ['NA', '-'] },
    accepted: [
      ['NA', null],
      ['-', null],
      [null, null],
      [undefined, null],
    ],
    rejected: { 'type.integer': ['na', ''] },
  },
  'a field that may not be null': { field: { type: 'integer', nullTokens: ['NA'] }, rejected: { null: [null, undefined, 'NA'] } },
}

describe('values', () => {
  for (const [name, { field, accepted = [], rejected = {} }] of Object.entries(cases)) {
    it(`of ${name} are read, or rejected with a code`, async () => {
      expect(
        await judge(
          field,
          accepted.map(([given]) => given),
        ),
      ).toEqual(accepted.map(([, value]) => ({ value })))
      for (const [code, values] of Object.entries(rejected)) expect(await judge(field, values), code).toEqual(values.map(() => code))
    })
  }
})
