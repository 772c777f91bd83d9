import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadgateError } from '../../sdk/index.ts'
import { decompressed } from './compression.ts'
import { Content } from './content.ts'

type Double = { content: Content; requests: string[]; open: Set<number>; closed: number[] }

/** `cutAt`: the stream ends there, `failAt`: it throws there, once. `late`: every chunk waits for a turn of the event loop. */
type Manner = { chunkBytes?: number; randomAccess?: boolean; size?: number | undefined; cutAt?: number; failAt?: number; empty?: boolean; late?: boolean }

/** A Content over bytes in memory that notes every request, and every stream that is open. Chunks share one buffer, as those of files do. */
function contentOver(bytes: Buffer, manner: Manner = {}): Double {
  const { chunkBytes = 16, randomAccess = true, cutAt = Infinity, late = false } = manner
  const requests: string[] = []
  const open = new Set<number>()
  const closed: number[] = []
  let { failAt = Infinity } = manner
  async function* stream(start: number, end = bytes.length): AsyncGenerator<Buffer> {
    const until = Math.min(end, bytes.length, cutAt)
    const number = requests.push(`${start}-${end === bytes.length ? '' : end}`)
    open.add(number)
    const shared = Buffer.alloc(chunkBytes)
    try {
      for (let at = start; at < until; at += chunkBytes) {
        if (late) await sleep(0)
        if (at >= failAt) {
          failAt = Infinity
          throw new HeadgateError('SourceUnreadable', 'the network is gone')
        }
        if (manner.empty === true) yield shared.subarray(0, 0)
        yield shared.subarray(0, bytes.copy(shared, 0, at, Math.min(until, at + chunkBytes)))
      }
    } finally {
      open.delete(number)
      closed.push(number)
    }
  }
  const size = 'size' in manner ? manner.size : bytes.length
  return { content: new Content({ name: 'feed.csv', size, randomAccess, open: stream }), requests, open, closed }
}

async function read(content: Content, start: number, end?: number): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of content.open(start, end)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('latin1')
}

const text = Array.from({ length: 1000 }, (_, index) => String.fromCharCode(33 + (index % 90))).join('')
const bytes = Buffer.from(text, 'latin1')

describe('reading the head and then the content', () => {
  test.each<[what: string, start: number, end: number | undefined, requests: string[], manner?: Manner]>([
    ['from the beginning costs one request', 0, undefined, ['0-']],
    ['from a place in the head costs one', 50, undefined, ['0-']],
    ['from the end of the head costs one', 100, undefined, ['0-']],
    ['a part of the head costs one', 20, 90, ['0-']],
    ['from a later place asks for just that', 500, undefined, ['0-', '500-']],
    ['a later part asks for just that part', 500, 600, ['0-', '500-600']],
    ['behind the end asks for nothing', 1000, undefined, ['0-']],
    ['nothing asks for nothing', 500, 500, ['0-']],
    ['from a later place costs one without random access', 500, 600, ['0-'], { randomAccess: false, size: undefined }],
  ])('%s', async (_what, start, end, requests, manner = {}) => {
    for (const chunks of [{ chunkBytes: 1 }, { chunkBytes: 16, empty: true }, { chunkBytes: 4096 }]) {
      const double = contentOver(bytes, { ...chunks, ...manner })
      expect((await double.content.head(100)).toString('latin1')).toBe(text.slice(0, 100))
      expect(await read(double.content, start, end)).toBe(text.slice(start, end))
      expect(double.requests).toEqual(requests)
      await double.content.close()
      expect([...double.open]).toEqual([])
    }
  })

  test('a longer head continues the same stream', async () => {
    const { content, requests } = contentOver(bytes)
    for (const length of [4, 100, 50, 700]) expect((await content.head(length)).toString('latin1')).toBe(text.slice(0, length))
    expect(await read(content, 0)).toBe(text)
    expect(requests).toEqual(['0-'])
  })

  test('a longer head than before a reader took the stream opens another one', async () => {
    const { content, requests } = contentOver(bytes)
    await content.head(100)
    expect(await read(content, 0)).toBe(text)
    expect((await content.head(80)).toString('latin1')).toBe(text.slice(0, 80))
    expect(requests).toEqual(['0-'])
    expect((await content.head(200)).toString('latin1')).toBe(text.slice(0, 200))
    expect(requests).toEqual(['0-', '0-'])
  })

  test('an input that fits into the head is read repeatedly without a request', async () => {
    for (const size of [bytes.length, undefined]) {
      const { content, requests, open } = contentOver(bytes, { size })
      expect((await content.head(5000)).length).toBe(1000)
      for (const start of [0, 0, 900, 1000, 2000]) expect(await read(content, start)).toBe(text.slice(start))
      expect(requests).toEqual(['0-'])
      expect(open.size).toBe(0)
    }
  })

  test('through wrappers costs one request, too', async () => {
    const { content, requests, open } = contentOver(gzipSync(gzipSync(bytes)), { chunkBytes: 7 })
    await content.head(4)
    const once = decompressed(content, 'gzip')
    await once.head(4)
    const twice = decompressed(once, 'gzip')
    expect((await twice.head(10)).toString('latin1')).toBe(text.slice(0, 10))
    expect(await read(twice, 990)).toBe(text.slice(990))
    expect(requests).toEqual(['0-'])
    expect(open.size).toBe(0)
  })
})

test('reads the right bytes in any order of head requests and reads', async () => {
  const place = fc.nat({ max: 60 })
  const step = fc.record({ what: fc.constantFrom('head' as const, 'open' as const, 'readAt' as const), from: place, to: place })
  const manner = fc.record({ chunkBytes: fc.integer({ min: 1, max: 20 }), empty: fc.boolean(), randomAccess: fc.boolean(), sized: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), manner, fc.nat({ max: 50 }), async (steps, { sized, ...how }, length) => {
      const part = bytes.subarray(0, length)
      const { content, requests, open } = contentOver(part, { ...how, size: sized ? length : undefined })
      for (const { what, from, to } of steps) {
        const [start, end] = [Math.min(from, to), Math.max(from, to)]
        const expected = part.toString('latin1', Math.min(what === 'head' ? 0 : start, length), Math.min(end, length))
        if (what === 'head') expect((await content.head(end)).toString('latin1')).toBe(expected)
        else if (what === 'open') expect(await read(content, start, end)).toBe(expected)
        else if (how.randomAccess) expect((await content.readAt(start, end - start)).toString('latin1')).toBe(expected)
      }
      expect(requests.length).toBeLessThanOrEqual(steps.length)
      await content.close()
      expect(open.size).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('a reader and head requests can alternate', async () => {
  const { content, requests } = contentOver(bytes, { late: true })
  const [head, whole, longer] = await Promise.all([content.head(100), read(content, 0), content.head(200)])
  expect([head.toString('latin1'), whole, longer.toString('latin1')]).toEqual([text.slice(0, 100), text, text.slice(0, 200)])
  expect(requests).toEqual(['0-', '0-'])
})

describe('parts', () => {
  test.each<[what: string, offset: number, length: number, requests: string[]]>([
    ['in the middle', 300, 50, ['300-350']],
    ['at the end', 992, 8, ['992-']],
    ['beyond the end are shorter', 992, 100, ['992-']],
    ['behind the end are empty', 1000, 8, []],
    ['far behind it are empty', 2 ** 50, 8, []],
    ['of no length are empty', 300, 0, []],
  ])('%s', async (_what, offset, length, requests) => {
    const double = contentOver(bytes)
    expect((await double.content.readAt(offset, length)).toString('latin1')).toBe(text.slice(offset, offset + length))
    expect(double.requests).toEqual(requests)
  })

  test('of the head cost nothing more', async () => {
    const { content, requests } = contentOver(bytes)
    await content.head(100)
    expect((await content.readAt(4, 96)).toString('latin1')).toBe(text.slice(4, 100))
    expect(requests).toEqual(['0-'])
  })

  test('are refused with a remedy if everything before them would have to be read', async () => {
    const { content, requests } = contentOver(gzipSync(bytes))
    const refusal = { code: 'SourceNotSeekable', message: expect.stringMatching(/^feed\.csv can only be read from its beginning.*deliver it uncompressed/) }
    await expect(decompressed(content, 'gzip').readAt(0, 4)).rejects.toMatchObject(refusal)
    expect(requests).toEqual([])
  })

  test.each([
    [-1, 5],
    [0, -1],
    [0.5, 1],
    [Number.NaN, 1],
  ])('from %d, %d long, are none', async (offset, length) => {
    const { content, requests } = contentOver(bytes)
    await expect(content.readAt(offset, length)).rejects.toThrow(RangeError)
    expect(requests).toEqual([])
  })
})

describe('a wrapper with random access', () => {
  const member = ({ content }: Double) =>
    content.wrap({ name: 'feed.zip/orders.csv', randomAccess: true, size: 500, open: (start, end = 500) => content.open(100 + start, 100 + end) })

  test.each<[start: number, end: number | undefined, requests: string[]]>([
    [0, undefined, ['100-600']],
    [20, 40, ['100-600']],
    [300, 400, ['100-600', '400-500']],
    [400, undefined, ['100-600', '500-600']],
    [500, undefined, ['100-600']],
  ])('translates the places that are read: %d to %s', async (start, end, requests) => {
    const archive = contentOver(bytes)
    const orders = member(archive)
    expect((await orders.head(50)).toString('latin1')).toBe(text.slice(100, 150))
    expect(await read(orders, start, end)).toBe(text.slice(100, 600).slice(start, end))
    // The head of the member cannot be open-ended: behind it stands another member.
    expect(archive.requests).toEqual(requests)
    await archive.content.close()
    expect(archive.open.size).toBe(0)
  })

  test('reads parts from the end, as of a directory', async () => {
    const archive = contentOver(bytes)
    expect((await member(archive).readAt(492, 100)).toString('latin1')).toBe(text.slice(592, 600))
    expect(archive.requests).toEqual(['592-600'])
  })

  test('reports an error under its own name', async () => {
    await expect(read(member(contentOver(bytes, { cutAt: 300, size: undefined })), 0)).rejects.toThrow('feed.zip/orders.csv ended after 200 of 500 bytes')
  })
})

describe('a stream that', () => {
  const broken = { code: 'SourceUnavailable', retryable: true, message: expect.stringMatching(/^feed\.csv ended after 500 of 1000 bytes from 0 on/) }

  test('ends early fails its reader instead of looking like a smaller input', async () => {
    const whole = contentOver(bytes, { cutAt: 500 })
    await expect(read(whole.content, 0)).rejects.toMatchObject(broken)
    await expect(whole.content.head(600)).rejects.toMatchObject(broken)
    await expect(whole.content.readAt(400, 200)).rejects.toMatchObject({
      code: 'SourceUnavailable',
      message: expect.stringContaining('100 of 200 bytes from 400'),
    })
    const kept = contentOver(bytes, { cutAt: 500 })
    expect((await kept.content.head(100)).length).toBe(100)
    await expect(read(kept.content, 0)).rejects.toMatchObject(broken)
    expect(whole.open.size + kept.open.size).toBe(0)
  })

  test('ends is at its end if the size is not known', async () => {
    const { content } = contentOver(bytes, { cutAt: 500, size: undefined })
    expect((await content.head(600)).length).toBe(500)
    expect(await read(content, 0)).toBe(text.slice(0, 500))
  })

  test.each([0, 64])('throws within the head, after %d bytes, is reopened by the next head request', async (failAt) => {
    const { content, requests, open } = contentOver(bytes, { failAt })
    await expect(content.head(100)).rejects.toMatchObject({ code: 'SourceUnreadable' })
    expect(open.size).toBe(0)
    expect((await content.head(100)).toString('latin1')).toBe(text.slice(0, 100))
    expect(await read(content, 0)).toBe(text)
    expect(requests).toEqual(['0-', '0-'])
  })

  test('throws after the head fails its reader after the bytes before the error', async () => {
    const { content } = contentOver(bytes, { failAt: 512 })
    await content.head(100)
    let seen = ''
    const reading = async () => {
      for await (const chunk of content.open(0)) seen += chunk.toString('latin1')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'SourceUnreadable' })
    expect(seen).toBe(text.slice(0, 512))
  })
})

describe('closing', () => {
  test('ends the stream behind the head if no reader took it', async () => {
    const { content, open } = contentOver(bytes)
    await content.head(100)
    expect(open.size).toBe(1)
    await content.close()
    expect(open.size).toBe(0)
  })

  test('ends the stream behind the head when a reader begins at a later place', async () => {
    const { content, closed } = contentOver(bytes)
    await content.head(100)
    for await (const _ of content.open(500)) expect(closed).toEqual([1])
  })

  test('closes streams that a reader left open, and further reading is an error', async () => {
    const { content, open } = contentOver(bytes)
    const reader = content.open(0)[Symbol.asyncIterator]()
    const other = content.open(500)[Symbol.asyncIterator]()
    await Promise.all([reader.next(), other.next()])
    expect(open.size).toBe(2)
    await content.close()
    await content.close()
    expect(open.size).toBe(0)
    const late = { code: 'Internal', message: expect.stringContaining('after it was closed') }
    await expect(reader.next()).rejects.toMatchObject(late)
    await expect(content.head(2000)).rejects.toMatchObject(late)
    await expect(read(content, 0)).rejects.toMatchObject(late)
  })

  test('closes derived contents and their decoders', async () => {
    const { content, open } = contentOver(gzipSync(randomBytes(1 << 20)), { chunkBytes: 64 })
    let outerEnded = false
    const plain = decompressed(content, 'gzip')
    const outer = plain.wrap({
      randomAccess: false,
      open: async function* () {
        try {
          yield* plain.open(0)
        } finally {
          outerEnded = true
        }
      },
    })
    await outer.head(10)
    expect([open.size, outerEnded]).toEqual([1, false])
    await content.close()
    expect([open.size, outerEnded]).toEqual([0, true])
    await expect(outer.head(1 << 21)).rejects.toMatchObject({ code: 'Internal' })
  })

  test('succeeds though a stream fails to close', async () => {
    const failing = new Content({
      name: 'feed.csv',
      randomAccess: true,
      open: async function* () {
        try {
          for (;;) yield Buffer.from('x')
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what a careless source does
          throw new Error('EIO')
        }
      },
    })
    await failing.head(10)
    await failing.close()
    await expect(failing.head(20)).rejects.toMatchObject({ code: 'Internal' })
  })

  test('waits for a late chunk, and the head request for it fails', async () => {
    const { content, open } = contentOver(bytes, { late: true })
    const looking = content.head(500)
    const refused = expect(looking).rejects.toMatchObject({ code: 'Internal' })
    await sleep(0)
    await content.close()
    await refused
    expect(open.size).toBe(0)
  })
})
