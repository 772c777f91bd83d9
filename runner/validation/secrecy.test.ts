import { describe, expect, it } from 'vitest'
import type { Schema } from '../../crds/fields.ts'
import { hiddenMessage, secrecyOf } from './secrecy.ts'

const schema: Schema = {
  fields: [
    { name: 'ssn', type: 'text', sensitive: true, from: 'SSN' },
    { name: 'note', type: 'text' },
  ],
}
const secrecy = secrecyOf(schema)
const source = { SSN: '123-45', note: 'x', other: 'y' }

describe('the error of a validator', () => {
  it('is kept for a declared field that is not sensitive', () => {
    const error = { field: 'note', code: 'a.b', message: 'x is wrong', value: 'x' }
    expect(secrecy?.said(error, source)).toEqual(error)
  })

  it.each([
    ['about a sensitive field', { field: 'ssn', code: 'a', message: 'wrong', value: '9' }, { field: 'ssn', code: 'a', message: hiddenMessage, value: '***' }],
    ['about the record', { code: 'a', message: 'wrong' }, { code: 'a', message: hiddenMessage }],
    ['with a field of its own', { field: 'SSN 123', code: 'a', message: 'wrong' }, { code: 'a', message: hiddenMessage }],
    [
      'that quotes the value',
      { field: 'note', code: 'a', message: 'beside 123-45', value: '<123-45>' },
      { field: 'note', code: 'a', message: hiddenMessage, value: '***' },
    ],
    ['with a code that quotes it', { field: 'note', code: 'a.123-45', message: 'm' }, { field: 'note', code: 'hidden', message: 'm' }],
    ['with a code that is none', { field: 'note', code: 'wrong: …', message: 'm' }, { field: 'note', code: 'hidden', message: 'm' }],
  ])('is hidden %s', (_, error, kept) => {
    expect(secrecy?.said(error, source)).toEqual(kept)
  })

  it('is hidden for an unreadable record, whose sensitive values are unknown', () => {
    expect(secrecy?.said({ field: 'note', code: 'Miller', message: 'm' }, undefined)).toEqual({ field: 'note', code: 'hidden', message: hiddenMessage })
  })

  it.each([
    ['without the spaces around it', '  123-45\t', 'beside 123-45'],
    ['as a moment in ISO 8601', new Date('1970-01-02T03:04:05Z'), 'born 1970-01-02'],
    ['as a moment in words', new Date('1970-01-02T03:04:05Z'), `born ${new Date('1970-01-02T03:04:05Z')}`],
  ])('is hidden if it quotes the value %s', (_, value, message) => {
    expect(secrecy?.said({ field: 'note', code: 'a', message }, { SSN: value }).message).toBe(hiddenMessage)
  })

  it('is searched for sensitive values within lists and objects', () => {
    expect(secrecy?.said({ field: 'note', code: 'a', message: 'has deep' }, { SSN: { list: [{ at: 'deep' }] } }).message).toBe(hiddenMessage)
  })
})

it('a framing error names declared fields only', () => {
  const message = (name: string) => secrecy?.framing({ code: 'csv.quote', message: `a quote stands inside field 2 (${name}) where none may` }).message
  expect(message('SSN')).toContain('field 2 (SSN)')
  expect(message('12(3)\n4')).toBe('a quote stands inside field 2 where none may')
})

it('without sensitive fields nothing is hidden', () => {
  expect(secrecyOf({ fields: [{ name: 'note', type: 'text' }] })).toBeUndefined()
})
