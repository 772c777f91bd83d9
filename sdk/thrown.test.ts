import { expect, it } from 'vitest'
import { HeadgateError } from './errors.ts'
import { failureOf, messageOf } from './thrown.ts'

it.each([
  ['undefined', undefined, /^undefined was thrown/],
  ['null', null, /^null was thrown/],
  ['a text', 'boom', /"boom"/],
  ['a number', 7, /type number/],
  ['a symbol', Symbol('x'), /type symbol/],
  ['an object with a message', { message: 'almost' }, /^almost$/],
  ['an object without one', {}, /type object/],
  ['an error without a message', new RangeError(), /^RangeError without a message$/],
  ['a frozen error', Object.freeze(new Error('frozen')), /^frozen$/],
  [
    'an object that cannot be read',
    {
      get message() {
        throw new Error('no')
      },
    },
    /cannot be read/,
  ],
  [
    'a proxy that allows nothing',
    new Proxy(new Error('x'), {
      get: () => {
        throw new Error('no')
      },
      has: () => {
        throw new Error('no')
      },
      getPrototypeOf: () => {
        throw new Error('no')
      },
    }),
    /cannot be read/,
  ],
])('reads %s', (_what, thrown, expected) => {
  expect(messageOf(thrown)).toMatch(expected)
  expect(failureOf(thrown)).toEqual({ code: 'Internal', message: `unexpected: ${messageOf(thrown)}`, retryable: false })
})

it('keeps the code of a HeadgateError, and of no other error', () => {
  expect(failureOf(new HeadgateError('SourceChanged', 'm', { retryable: true }))).toEqual({ code: 'SourceChanged', message: 'm', retryable: true })
  expect(failureOf(Object.assign(new Error('m'), { code: 'SourceChanged', retryable: true }))).toMatchObject({ code: 'Internal', retryable: false })
  const spiteful = Object.defineProperty(new HeadgateError('X', 'm'), 'code', {
    get: () => {
      throw new Error('no')
    },
  })
  expect(failureOf(spiteful)).toEqual({ code: 'Internal', message: 'unexpected: m', retryable: false })
})
