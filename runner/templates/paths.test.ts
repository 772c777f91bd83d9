import { expect, test } from 'vitest'
import { renderPaths } from './paths.ts'
import type { TemplateRun } from './run-values.ts'

const run: TemplateRun = {
  name: 'sales/orders-1',
  createdAt: new Date('2026-03-02T23:59:59.5Z'),
  params: { region: 'eu', odd: 'a b (1)+!~é' },
  interval: { start: new Date('2026-03-01T23:00:00-02:00'), end: new Date('2026-03-02T06:00:00.25Z') },
}

test.each([
  ['in/{{ params.region }}/*.csv', 'in/eu/*.csv'],
  ['{{ params.odd }}', 'a b (1)+!~é'],
  ['{{ run.name }}-{{ run.date }}', 'orders-1-2026-03-02'],
  ['{{ interval.start }}/{{ interval.end }}', '2026-03-02T01:00:00Z/2026-03-02T06:00:00.250Z'],
  ['{{ interval.date }}.csv', '2026-03-02.csv'],
  ['{{{ params.region }},us}.csv', '{eu,us}.csv'],
])('%s becomes %s', (path, rendered) => {
  expect(renderPaths([path], run)).toEqual([rendered])
})

const bad = [
  '',
  '.',
  '..',
  '...',
  'a/b',
  '/etc',
  '../x',
  'a\\b',
  '*',
  'a?',
  '[a]',
  '{a,b}',
  'a,b',
  '}',
  '\0',
  'a\0.csv',
  'a\nb',
  '\u0085',
  '{{ params.other }}',
]

test.each(bad)('A value %j is refused in a path', (value) => {
  expect(() => renderPaths(['in/{{ params.region }}.csv'], { ...run, params: { region: value } })).toThrow(
    expect.objectContaining({ code: 'InvalidParams', retryable: false, message: expect.stringMatching(/^params\.region is ".*cannot stand in the path/) }),
  )
})

test.each([
  ['{{ params.regoin }}', {}, 'InvalidParams', /only the params region, odd, and the pipeline needs regoin; start it with --param regoin=VALUE/],
  ['{{ params.toString }}', {}, 'InvalidParams', /the pipeline needs toString/],
  ['{{ params.region }}', { params: {} }, 'InvalidParams', /has no params, and the pipeline needs region/],
  [
    '{{ interval.date }}',
    { interval: undefined },
    'InvalidParams',
    /run sales\/orders-1 has no interval for \{\{ interval\.date \}\}; start it with --interval/,
  ],
  ['{{ region }}', {}, 'InvalidPipeline', /there is no placeholder \{\{ region \}\}.*correct \{\{ region \}\}/],
])('%s of a run with %j fails with %s', (path, change, code, message) => {
  expect(() => renderPaths(['fine.csv', path], { ...run, ...change })).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
})

test('A message truncates a long value', () => {
  expect(() => renderPaths(['{{ params.region }}'], { ...run, params: { region: '*'.repeat(4096) } })).toThrow(/^params\.region is "\*{100}…", which/)
})
