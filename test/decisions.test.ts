// The decision records in docs/decisions: each has the form of the others, and the index lists all of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../docs/decisions')
const records = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .sort()

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

function titleOf(name: string): string | undefined {
  return /^# (.+)$/m.exec(read(name))?.[1]
}

function statusOf(name: string): string | undefined {
  return /^Status: (.+)$/m.exec(read(name))?.[1]
}

test.each(records)('%s has a date, a status, a reason and rejected alternatives', (name) => {
  const [, date = '', day = ''] = /^((\d{4}-\d{2}-\d{2})-[a-z0-9-]+)\.md$/.exec(name) ?? []
  expect(date).not.toBe('')
  expect(new Date(day).toISOString().slice(0, 10)).toBe(day)
  const [head = '', ...sections] = read(name).split(/^## /m)
  expect(head).toMatch(new RegExp(`^# .+\n\nStatus: (accepted|rejected|superseded by \\[.+\\]\\(.+\\))\nDate: ${day}\n\n$`))
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(['Context', 'Decision', 'Alternatives', 'Consequences'])
  for (const section of sections) expect(section.split('\n').slice(1).join('').trim().length).toBeGreaterThan(20)
})

test('A superseded decision names its replacement', () => {
  const successors = records.flatMap((name) => /^superseded by \[.+\]\((.+)\)$/.exec(statusOf(name) ?? '')?.[1] ?? [])
  expect(successors.filter((name) => !existsSync(join(folder, name)))).toEqual([])
})

test('The index lists every decision once, in the order of their dates, with title and status', () => {
  const rows = [...read('README.md').matchAll(/^\| (\d{4}-\d{2}-\d{2}) \| \[(.+)\]\((.+)\) \| (.+) \|$/gm)].map((row) => row.slice(1))
  expect(rows).toEqual(records.map((name) => [name.slice(0, 10), titleOf(name), name, statusOf(name)]))
})
