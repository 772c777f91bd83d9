import { expect, test } from 'vitest'
import { interval, parameter } from './run-input.ts'

test.each([
  ['2026-03-01/2026-03-02', { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00Z' }],
  ['2026-03-01T06:00Z/2026-03-01T06:00:00.5Z', { start: '2026-03-01T06:00:00Z', end: '2026-03-01T06:00:00.5Z' }],
  ['2026-03-01T06:00:00+02:00/2026-03-02', { start: '2026-03-01T06:00:00+02:00', end: '2026-03-02T00:00:00Z' }],
])('The interval %s is understood', (text, expected) => {
  expect(interval(text)).toEqual(expected)
})

test.each(['', '2026-03-01', '2026-03-01/', 'a/b', '2026-03-01T06:00/2026-03-02', '2026-02-30/2026-03-02', '2026-03-02/2026-03-02', '2026-03-01/2026-03-02/'])(
  'The interval %j is refused',
  (text) => {
    expect(() => interval(text)).toThrow(/give START\/END|start before it ends/)
  },
)

test('Parameters are collected, and a repeated one is refused', () => {
  expect(parameter('b=', parameter('a=1=2\n'))).toEqual({ a: '1=2\n', b: '' })
  expect(() => parameter('a=2', { a: '1' })).toThrow('twice')
  expect(() => parameter('1a=2')).toThrow('NAME=VALUE')
})
