// Parsing the stream of a watch, split into chunks at any position.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventsOf, linesOf } from './watch.ts'

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  return await Array.fromAsync(items)
}

test('The lines do not depend on the chunks of the stream, and an incomplete last line is dropped', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')))
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 1, max: 20 }), async (given, size) => {
      const bytes = Buffer.from(`${given.map((line) => `${line}\n`).join('')}cut off`)
      expect(await all(linesOf(chunksOf(bytes, size)))).toEqual(given)
    }),
  )
})

const object = { metadata: { name: 'a', resourceVersion: '7' } }

test('Objects are returned unchanged, bookmarks as their version', async () => {
  const stream = Buffer.from(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].map((type) => `${JSON.stringify({ type, object })}\n`).join('\n'))
  expect(await all(eventsOf(chunksOf(stream, 1000)))).toEqual([
    { type: 'ADDED', object },
    { type: 'MODIFIED', object },
    { type: 'DELETED', object },
    { type: 'BOOKMARK', resourceVersion: '7' },
  ])
})

test.each([
  ['an expired version', { type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } }, { status: 410, reason: 'Expired' }],
  ['an error without a message', { type: 'ERROR', object: {} }, { status: 0, reason: 'Unknown' }],
  ['an unknown type', { type: 'MOVED', object }, { reason: 'InvalidResponse' }],
  ['no object', { type: 'ADDED' }, { reason: 'InvalidResponse' }],
  ['an object without version', { type: 'ADDED', object: {} }, { reason: 'InvalidResponse' }],
  ['null', null, { reason: 'InvalidResponse' }],
  ['a number', 7, { reason: 'InvalidResponse' }],
])('%s ends the watch with an ApiError', async (_, event, expected) => {
  const stream = Buffer.from(`${JSON.stringify(event)}\n`)
  await expect(all(eventsOf(chunksOf(stream, 1000)))).rejects.toMatchObject({ name: 'ApiError', ...expected })
})

test('Invalid JSON and a line that is too long end the watch', async () => {
  await expect(all(eventsOf(chunksOf(Buffer.from('<html>\n'), 1000)))).rejects.toMatchObject({ reason: 'InvalidResponse' })
  await expect(all(eventsOf(chunksOf(Buffer.alloc(17 * 1024 * 1024, 'x'), 1024 * 1024)))).rejects.toMatchObject({ reason: 'InvalidResponse' })
})
