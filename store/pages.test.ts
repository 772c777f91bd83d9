// Paging through the store's lists while runs and rejected records are added.
import { expect, it } from 'vitest'
import { freshStore, plannedRun, rejectedRecord } from '../test/support/store.ts'
import { keyAfter, type Page, type PageRequest, pageOf } from './pages.ts'
import { quarantineRecords } from './quarantine.ts'
import { listQuarantine } from './quarantine-queries.ts'
import { listRuns } from './runs.ts'

const { client } = await freshStore()

const reject = (pipeline: string, run: number, orders: number[], input = 0) =>
  quarantineRecords(
    client,
    { run, pipeline, slice: 0, input, name: 'a.csv' },
    orders.map((order) => rejectedRecord(order)),
  )

/** All pages; calls `meanwhile` after each page. */
async function paged<Item>(list: (request: PageRequest) => Promise<Page<Item>>, limit: number, meanwhile: () => Promise<unknown> = async () => {}) {
  const pages: Item[][] = []
  for (let after: string | undefined; pages.length === 0 || after !== undefined; ) {
    const { items, next } = await list({ limit, after })
    pages.push(items)
    after = next
    await meanwhile()
  }
  return pages
}

it('lists runs in pages that do not overlap while new runs start', async () => {
  const names: string[] = []
  for (let count = 0; count < 5; count++) names.unshift((await plannedRun(client, { pipeline: 'paged' })).name)
  const pages = await paged(
    (request) => listRuns(client, { ...request, pipeline: 'paged' }),
    2,
    () => plannedRun(client, { pipeline: 'paged' }),
  )
  expect(pages.map((page) => page.map(({ name }) => name))).toEqual([names.slice(0, 2), names.slice(2, 4), names.slice(4)])
  const ids = (await paged((request) => listRuns(client, request), 3)).flat().map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].sort((one, other) => other - one))
})

it('returns no cursor after a last page that is full', async () => {
  expect((await listRuns(client, { pipeline: 'paged', limit: 10_000 })).next).toBeUndefined()
  for (let count = 0; count < 2; count++) await plannedRun(client, { pipeline: 'two' })
  expect(await paged((request) => listRuns(client, { ...request, pipeline: 'two' }), 2)).toHaveLength(1)
  expect(await paged((request) => listRuns(client, { ...request, pipeline: 'none' }), 2)).toEqual([[]])
})

it('lists rejected records in pages that do not overlap while more are rejected', async () => {
  await reject('growing', 9001, [1, 2, 3])
  await reject('growing', 9002, [4, 5])
  let run = 9003
  const pages = await paged(
    (request) => listQuarantine(client, { ...request, pipeline: 'growing' }),
    2,
    () => reject('growing', run, [10 * run++]),
  )
  expect(pages.map((page) => page.map(({ position }) => position))).toEqual([[4, 5], [1, 2], [3]])
})

it('moves a record that is rejected again to the front, and lists no record on two pages', async () => {
  await reject('again', 9101, [1, 2, 3, 4])
  const list = (request: PageRequest) => listQuarantine(client, { ...request, pipeline: 'again' })
  const first = await list({ limit: 2 })
  await reject('again', 9102, [1, 4])
  const rest = await list({ limit: 9, after: first.next })
  expect([first, rest].map(({ items }) => items.map(({ position }) => position))).toEqual([[1, 2], [3]])
  expect((await list({ limit: 2 })).items.map(({ position }) => position)).toEqual([1, 4])
})

it('pages by positions that a JavaScript number cannot hold exactly', async () => {
  await reject('large', 9201, [1, 2, 3], 2 ** 18)
  const pages = await paged((request) => listQuarantine(client, { ...request, pipeline: 'large' }), 1)
  expect(pages.map(([entry]) => entry?.position)).toEqual([1, 2, 3])
})

const cursor = pageOf('runs', [1, 2], { limit: 1 }, (item) => [String(item)]).next as string
const made = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')

it('accepts the cursors that it produced', () => {
  expect(keyAfter('runs', cursor, 1)).toEqual(['1'])
})

it.each([
  '',
  'nonsense',
  '5',
  `${cursor}=`,
  ` ${cursor}`,
  made('quarantine', '1'),
  made('runs'),
  made('runs', '1', '2'),
  made('runs', 1),
  made('runs', '-1'),
  made('runs', '01'),
  made('runs', '9223372036854775808'),
  made('runs', "1'; DROP TABLE headgate.run --"),
  made('runs', null),
  Buffer.from('{"runs":"1"}').toString('base64url'),
  Buffer.from('null').toString('base64url'),
  '\u0000',
  'a'.repeat(5000),
])('refuses the cursor %j', async (after) => {
  await expect(listRuns(client, { limit: 1, after })).rejects.toMatchObject({
    code: 'InvalidCursor',
    retryable: false,
    message: expect.stringMatching(/^.{1,300}$/),
  })
})
