// The headgate command as a newcomer uses it, from the first run to the mistakes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { commandFolder } from './command.ts'

const { url } = await freshDatabase()
const { folder, headgate: command } = commandFolder()

const manifest = `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: orders}
spec:
  source: {files: {paths: [orders.csv]}}
  format: {csv: {}}
  schema:
    primaryKey: [id]
    fields:
    - {name: id, type: integer}
    - {name: email, type: text, format: email, sensitive: true}
    - {name: amount, type: decimal, precision: 10, scale: 2}
  destination: {postgres: {table: shop.orders, createTable: true}}
`

writeFileSync(join(folder, 'orders.yaml'), manifest)
writeFileSync(join(folder, 'wrong.yaml'), manifest.replace('type: integer', 'type: intger'))
writeFileSync(
  join(folder, 'orders.csv'),
  ['id,email,amount', '1,a@example.org,1.50', '2,b@example.org,2.50', '3,c@example.org,much', '4,secret-word,3', ''].join('\n'),
)

/** Stands for the database's URL, which has a password that should not be in a test's title. */
const database = ['--database', '…']
const headgate = (...args: string[]) => command(...args.map((word) => (word === '…' ? url : word)))

test('The first run loads, and prints what it rejected and where to look', async () => {
  const { code, out } = await headgate('run', 'orders.yaml', ...database, '--name', 'first')
  expect(code).toBe(0)
  expect(out).toContain('first  Succeeded')
  expect(out).toContain('4 read · 2 loaded · 0 unchanged · 2 quarantined')
  expect(out).toContain('headgate quarantine list --run first')
})

test('A second run finds everything unchanged', async () => {
  const { code, out } = await headgate('run', 'orders.yaml', ...database, '--name', 'second', '--workers', '2')
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('4 read · 0 loaded · 2 unchanged · 2 quarantined') })
})

test('An ended run is not repeated', async () => {
  const { code, out } = await headgate('run', 'orders.yaml', ...database, '--name', 'second')
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('nothing was done') })
})

test('runs lists both, latest first', async () => {
  const { code, out } = await headgate('runs', ...database)
  expect(code).toBe(0)
  expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(['RUN', 'second', 'first', ''])
})

test('quarantine list shows each rejected record once, and show all of one; a sensitive value is masked in both', async () => {
  const list = await headgate('quarantine', 'list', ...database)
  expect(list.out).toMatch(/orders +open +2 +orders\.csv@/)
  expect(list.out.match(/orders\.csv@/g)).toHaveLength(2)
  const show = await headgate('quarantine', 'show', '1', ...database)
  expect(show).toMatchObject({ code: 0, out: expect.stringContaining('type.decimal') })
  expect(show.out).toContain('much')
  expect(show.out).toContain('Raw record (exact bytes of the source)')
  expect((await headgate('quarantine', 'show', '2', '--raw', ...database)).out).toContain('4,secret-word,3')
  for (const { out } of [list, await headgate('quarantine', 'show', '2', ...database)]) expect(out).not.toContain('secret-word')
})

test('An incomplete list prints the command for the next page', async () => {
  const { out } = await headgate('quarantine', 'list', '--run', 'first', '--limit', '1', ...database)
  const [, more = ''] = /^More: headgate (.+)$/m.exec(out) ?? []
  expect(more).toMatch(/^quarantine list --run first --database URL --limit 1 --after \S+$/)
  const second = await headgate(...more.replace('--database URL', database.join(' ')).split(' '))
  expect([out, second.out].map((page) => page.match(/orders\.csv@\d+/g)?.length)).toEqual([1, 1])
  expect(second.out).not.toContain('More:')
  const pages = await Promise.all([headgate('runs', '--limit', '1', '-o', 'json', ...database), headgate('runs', '-o', 'json', ...database)])
  const [one, all] = pages.map((page) => JSON.parse(page.out))
  expect(all).toMatchObject({ runs: [{ name: 'second' }, { name: 'first' }] })
  expect(all.next).toBeUndefined()
  const rest = await headgate('runs', '--after', one.next, ...database)
  expect(rest.out.split('\n').map((line) => line.split(' ')[0])).toEqual(['RUN', 'first', ''])
})

test('trace prints the run, the file and the offset of a row', async () => {
  const { code, out } = await headgate('trace', 'shop.orders', '2', ...database)
  expect(code).toBe(0)
  expect(out).toContain('first of orders')
  expect(out).toContain('orders.csv, offset 37')
  expect(out).not.toContain('b@example.org')
})

test('check prints the place of a mistake and a suggestion', async () => {
  const { code, out, err } = await headgate('check', 'wrong.yaml')
  expect(code).toBe(1)
  expect(out + err).toContain('wrong.yaml:10')
  expect(out + err).toContain('integer')
  expect(await headgate('check', 'orders.yaml')).toMatchObject({ code: 0 })
})

test.each([
  [['run', 'orders.yaml', '--name', 'first', ...database], 0],
  [['runs', ...database], 0],
  [['quarantine', 'list', ...database], 0],
  [['quarantine', 'show', '1', ...database], 0],
  [['quarantine', 'show', '99', ...database], 1],
  [['trace', 'shop.orders', '2', ...database], 0],
  [['trace', 'shop.orders', '77', ...database], 1],
  [['trace', 'shop.nothing', '1', ...database], 1],
  [['check', 'orders.yaml'], 0],
  [['check', 'wrong.yaml'], 1],
  [['run', 'wrong.yaml', ...database], 2],
  [['run', 'missing.yaml', ...database], 1],
])('%j --output json prints one JSON document', async (args, expected) => {
  const { code, out } = await headgate(...args, '--output', 'json')
  expect(code).toBe(expected)
  expect(JSON.parse(out)).toBeTypeOf('object')
  expect(out).not.toContain('secret-word')
})

test('quarantine discard closes an entry once, with the reason', async () => {
  const discard = ['quarantine', 'discard', '1', '--reason', 'a test order', ...database]
  expect(await headgate(...discard)).toMatchObject({ code: 0, out: 'Quarantine entry 1 is discarded.\n' })
  expect((await headgate('quarantine', 'show', '1', ...database)).out).toContain('1 (discarded: a test order)')
  expect((await headgate('quarantine', 'list', '--state', 'open', ...database)).out).not.toMatch(/^1 /m)
  expect(await headgate(...discard)).toMatchObject({ code: 1, err: expect.stringContaining('QuarantineNotOpen') })
})

test.each([
  [['run', 'orders.yaml', '--wrkers', '2'], 2, /unknown option.*--wrkers/s],
  [['run', 'orders.yaml', '--workers', 'two'], 2, /whole number/],
  [['run'], 2, /missing required argument/],
  [['runs', '--after', 'nonsense', ...database], 2, /InvalidCursor: "nonsense" is not a cursor of the list of runs/],
  [['runs', '--after', 'nonsense', '--cluster'], 2, /InvalidConfig: --after is for the pages of a store/],
  [['quarantine', 'discard', '2', ...database], 2, /required option '--reason/],
  [['rum'], 2, /unknown command/],
  [['run', 'missing.yaml', ...database], 1, /missing\.yaml.*no such file/],
  [['run', 'wrong.yaml', ...database], 2, /wrong\.yaml:10/],
  [['runs', '--database', 'postgresql://someone:pass-word@127.0.0.1:1/nothing'], 1, /StoreUnavailable.*cannot be reached/s],
  [['run', 'orders.yaml', '--database', 'postgresql://someone:pass-word@127.0.0.1:1/nothing'], 1, /StoreUnavailable.*cannot be reached/s],
  [['runs', '--database', 'no-url-at-all'], 2, /InvalidConfig: .*postgresql:/],
])('%j says what is wrong on standard error', async (args, expected, message) => {
  const { code, out, err } = await headgate(...args)
  expect({ code, out }).toEqual({ code: expected, out: '' })
  expect(err).toMatch(message)
  expect(err).not.toContain('pass-word')
  expect(err).not.toMatch(/\n +at /)
})
