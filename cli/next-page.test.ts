import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { nextPage, option } from './next-page.ts'

const terminal = { form: 'text', program: 'kubectl headgate', colours: false, write() {} } as const

test('The last page has no command for a next one', () => {
  expect(nextPage(terminal, ['runs'], { limit: 20 }, undefined)).toBe('')
})

test('The command repeats the filters of the list, but not the database URL', () => {
  const words = ['runs', ...option('pipeline', 'sales/orders'), ...option('state', undefined)]
  const line = nextPage(terminal, words, { database: 'postgresql://me:secret-word@db/sales', limit: 20, after: 'old' }, 'abc-_1')
  expect(line).toBe('More: kubectl headgate runs --pipeline sales/orders --database URL --limit 20 --after abc-_1\n')
})

test.each(["it's", '$(id)', 'a b', '*', '`id`', ''])('A shell reads the value %j as it is', (value) => {
  const line = nextPage(terminal, option('run', value), { limit: 1 }, 'abc')
  const words = line.replace('More: kubectl headgate', 'printf "%s\\n"').trim()
  expect(execFileSync('sh', ['-c', words], { encoding: 'utf8' }).split('\n').slice(0, 2)).toEqual(['--run', value])
})
