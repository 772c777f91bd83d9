import { gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { expect, test } from 'vitest'
import { contentOf } from '../../test/support/csv.ts'
import { compressionOf, decompressed } from '../content/compression.ts'
import type { Content } from '../content/content.ts'
import { type TextOptions, textInput } from './input.ts'

const options: TextOptions = { encoding: undefined, tokens: ['<', '>'], expected: 'XML', setting: 'format.xml.encoding' }
const text = '<é>1</é>'
const utf8 = Buffer.from(text)

async function all(content: Content): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content.open(0)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

test.each<[what: string, input: Buffer, declared: string | undefined, expected: { framed: Buffer; markBytes: number; randomAccess: boolean; utf8: boolean }]>([
  ['UTF-8', utf8, undefined, { framed: utf8, markBytes: 0, randomAccess: true, utf8: true }],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`), 'latin1', { framed: Buffer.from(`\ufeff${text}`), markBytes: 3, randomAccess: true, utf8: true }],
  [
    'UTF-16 with a mark',
    iconv.encode(`\ufeff${text}`, 'utf-16be'),
    undefined,
    { framed: Buffer.from(`\ufeff${text}`), markBytes: 3, randomAccess: false, utf8: true },
  ],
  ['UTF-16 without a mark', iconv.encode(text, 'utf-16le'), 'utf-16le', { framed: utf8, markBytes: 0, randomAccess: false, utf8: true }],
  [
    'an encoding in which tokens are found as they are',
    iconv.encode(text, 'latin1'),
    'latin1',
    { framed: iconv.encode(text, 'latin1'), markBytes: 0, randomAccess: true, utf8: false },
  ],
  ['an encoding that gives ASCII another meaning', iconv.encode('<é>1</é>', 'utf-7'), 'utf-7', { framed: utf8, markBytes: 0, randomAccess: false, utf8: true }],
])('%s is framed on bytes that hold the tokens, behind its mark', async (_what, input, declared, expected) => {
  for (const chunkBytes of [1, 3, 1 << 16]) {
    const { content, encoding, markBytes, empty } = await textInput(contentOf(input, chunkBytes), { ...options, encoding: declared })
    const framed = await all(content)
    expect({ framed, markBytes, randomAccess: content.randomAccess, utf8: encoding.utf8 }).toEqual(expected)
    expect(encoding.original(framed)).toEqual(input)
    expect(empty).toBe(false)
  }
})

test.each([undefined, 'utf-16le', 'utf-7'])('an input without a byte is empty: %s', async (encoding) => {
  expect(await textInput(contentOf(Buffer.alloc(0)), { ...options, encoding })).toMatchObject({ empty: true, markBytes: 0 })
})

test('a compressed text has no random access', async () => {
  const packed = contentOf(gzipSync(text))
  const { content } = await textInput(decompressed(packed, await compressionOf(packed, 'auto')), options)
  expect([await all(content), content.randomAccess, content.size]).toEqual([utf8, false, undefined])
})

test.each([
  [Buffer.from('%PDF-1.7'), undefined, 'ForeignFormat', 'feed.csv is a PDF document, not XML; correct what delivers it'],
  [utf8, 'utf-88', 'InvalidConfig', 'format.xml.encoding: "utf-88" is not a known encoding'],
])('what is refused is told in the words of the format: %s', async (input, encoding, code, message) => {
  const reading = textInput(contentOf(input), { ...options, encoding })
  await expect(reading).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
})
