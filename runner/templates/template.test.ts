import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { placeholders } from '../../crds/placeholders.ts'
import { parseTemplate } from './template.ts'

test.each([
  ['orders.csv', ['orders.csv']],
  ['', []],
  ['in/{{ params.region }}/{{run.name}}.csv', ['in/', { placeholder: 'params.region' }, '/', { placeholder: 'run.name' }, '.csv']],
  ['{{ interval.date }}{{ interval.end }}', [{ placeholder: 'interval.date' }, { placeholder: 'interval.end' }]],
  ['{{{ params.a }},{{ params.b }}}.csv', ['{', { placeholder: 'params.a' }, ',', { placeholder: 'params.b' }, '}.csv']],
  ['{{a,b},c}.csv', ['{{a,b},c}.csv']],
  ['{c,{a,b}}.csv', ['{c,{a,b}}.csv']],
  ['{{a,b}}.csv', ['{{a,b}}.csv']],
  ['[{]{ run.name }}', ['[{]{ run.name }}']],
])('%j is read as %j', (text, parts) => {
  expect(parseTemplate(text)).toEqual({ parts, problems: [] })
})

test.each([
  ['{{ run.nme }}.csv', 'run.nme', 'there is no placeholder {{ run.nme }}: there are params.NAME, run.name'],
  ['{{ region }}', 'region', 'there is no placeholder {{ region }}'],
  ['{{}}', '', 'there is no placeholder {{  }}'],
  ['{{ params.1a }}', 'params.1a', 'there is no placeholder'],
  ['{{ params.__proto__.x }}', 'params.__proto__.x', 'there is no placeholder'],
  ['{{ constructor }}', 'constructor', 'there is no placeholder'],
  ['{{ interval.date | day }}', 'interval.date | day', 'there is no placeholder'],
  ['{{ params.region }.csv', 'params.region', 'is not closed: write {{ params.region }}'],
  ['{{ run.date', 'run.date', 'is not closed'],
])('%j has a problem', (text, name, message) => {
  expect(parseTemplate(text).problems).toEqual([{ name, message: expect.stringContaining(message) }])
})

test('Every problem of a template is found', () => {
  expect(parseTemplate('{{ a }}/{{ run.name }}/{{ b }}').problems.map(({ name }) => name)).toEqual(['a', 'b'])
})

test('docs/placeholders.md explains each placeholder, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/placeholders.md'), 'utf8')
  const explained = [...page.matchAll(/^\| `\{\{ (\S+) \}\}` \|/gm)].map(([, name]) => name)
  expect(explained).toEqual(['params.NAME', ...Object.keys(placeholders)])
})
