// formatChecks: what a format promises: all that an extractor does, over any source, and the same records however the bytes arrive.
import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { promise, promiseSame } from '../../../sdk/conformance/check.ts'
import { everything } from '../../../sdk/conformance/extractor.ts'
import { type Check, extractorChecks, sampleRun } from '../../../sdk/conformance/index.ts'
import { HeadgateError, type RunContext } from '../../../sdk/index.ts'
import { SourceExtractor } from '../../sources/extractor.ts'
import type { Input, Source } from '../../sources/source.ts'
import type { Format } from '../format.ts'

export type FormatKit = {
  /** Makes the format anew. */
  make: () => Format
  /** An input with at least two records, uncompressed. */
  bytes: Buffer
  /** Parts of the run that the format depends on. */
  run?: Partial<RunContext>
  /** Makes an input of the raw bytes of one record, such as those bytes behind a header. Default: the bytes themselves. */
  inputOf?: (raw: Buffer) => Buffer
}

/** One input in memory, delivered in chunks of `chunkBytes`. */
class MemorySource implements Source {
  readonly #bytes: Buffer
  readonly #chunkBytes: number
  readonly #sequential: boolean

  constructor(bytes: Buffer, { chunkBytes = bytes.length, sequential = false } = {}) {
    this.#bytes = bytes
    this.#chunkBytes = Math.max(1, chunkBytes)
    this.#sequential = sequential
  }

  async *inputs(): AsyncIterable<Input> {
    const identity = createHash('sha256').update(this.#bytes).digest('hex')
    yield { name: 'memory', identity, ...(this.#sequential ? { sequential: true } : { size: this.#bytes.length }) }
  }

  async *open(_input: Input, start: number, end = this.#bytes.length): AsyncIterable<Buffer> {
    // A chunk is valid until the next one is requested, so each is overwritten afterwards.
    for (let at = start; at < end; at += this.#chunkBytes) {
      const chunk = Buffer.from(this.#bytes.subarray(at, Math.min(end, at + this.#chunkBytes)))
      yield chunk
      chunk.fill(0x3f)
    }
  }

  async verify(): Promise<void> {}
}

/**
 * Checks of a format.
 *
 * @example for (const { name, run } of formatChecks({ make: () => new LinesFormat({ field: 'line' }), bytes: Buffer.from('a\nb\n') })) test(name, run)
 */
export function formatChecks({ make, bytes, run = {}, inputOf = (raw) => raw }: FormatKit): Check[] {
  const context = sampleRun(run)
  const over = (source: Source, sliceBytes?: number) =>
    new SourceExtractor({ source, format: make(), workers: 1, ...(sliceBytes !== undefined && { sliceBytes }) })
  const records = (extractor: SourceExtractor) => everything(() => extractor, context)
  const whole = () => records(over(new MemorySource(bytes)))
  return [
    ...extractorChecks({ make: () => over(new MemorySource(bytes)), run }),
    {
      name: 'gives the same records however the bytes arrive',
      run: async () => {
        for (const chunkBytes of [1, 2, 7])
          promiseSame(await records(over(new MemorySource(bytes, { chunkBytes }))), await whole(), `in chunks of ${chunkBytes}`)
      },
    },
    {
      name: 'gives the same records from a source that reads from the beginning only',
      run: async () => promiseSame(await records(over(new MemorySource(bytes, { sequential: true }))), await whole(), 'read sequentially'),
    },
    {
      name: 'gives the same records from slices as from the whole',
      run: async () => {
        for (const parts of [2, 5, bytes.length]) {
          promiseSame(await records(over(new MemorySource(bytes), Math.ceil(bytes.length / parts))), await whole(), `cut into about ${parts} slices`)
        }
      },
    },
    { name: 'keeps bytes that are in the input', run: () => rawIsThere(over(new MemorySource(bytes)), bytes, context) },
    { name: 'takes an empty input for a delivery of no records', run: () => emptyIsNothing(over(new MemorySource(Buffer.alloc(0))), context) },
    {
      name: 'gives the same records from a compressed input',
      run: async () => {
        for (const [name, compressed] of [
          ['gzip', gzipSync(bytes)],
          ['zstd', zstdCompressSync(bytes)],
        ] as const)
          promiseSame(await records(over(new MemorySource(compressed))), await whole(), `from ${name}`)
      },
    },
    {
      name: 'gives the same record from its raw bytes alone',
      run: async () => {
        for (const read of await whole()) {
          const again = await records(over(new MemorySource(inputOf(Buffer.from(read.raw, 'base64')))))
          promiseSame(again.map(withoutPlace), [withoutPlace(read)], `read from the raw bytes of the record with order ${read.order}`)
        }
      },
    },
    { name: 'reads damaged bytes to an end', run: () => survivesDamage((damaged) => records(over(new MemorySource(damaged, { chunkBytes: 7 }))), bytes) },
    { name: 'stops when the run is stopped', run: () => stops(over(new MemorySource(bytes, { chunkBytes: 1 })), context) },
  ]
}

function withoutPlace({ record, problem, raw }: Awaited<ReturnType<typeof everything>>[number]) {
  return { record, problem, raw }
}

const damagedInputs = 200

/** Cuts bytes out, repeats them and changes them, the same in every run. A failed run is right if it is a HeadgateError. */
async function survivesDamage(read: (damaged: Buffer) => Promise<unknown>, bytes: Buffer): Promise<void> {
  let state = 1
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  for (let round = 0; round < damagedInputs; round++) {
    const [from, length] = [below(bytes.length), below(8)]
    const middle = [Buffer.alloc(0), bytes.subarray(from, from + 2 * length), Buffer.from(Array.from({ length }, () => below(256)))][round % 3] as Buffer
    const damaged = Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(from + length)])
    await read(damaged).catch((error: unknown) => {
      const known = error instanceof HeadgateError && error.code !== 'Internal'
      promise(known, `bytes ${from} to ${from + length} of the input were damaged, and ${String(error)} was thrown, which is no HeadgateError`)
    })
  }
}

async function rawIsThere(extractor: SourceExtractor, bytes: Buffer, run: RunContext): Promise<void> {
  for (const { raw, order, evidence } of await everything(() => extractor, run)) {
    promise(evidence === 'json' || bytes.includes(Buffer.from(raw, 'base64')), `the record with order ${order} has raw bytes that the input does not have`)
  }
}

async function emptyIsNothing(extractor: SourceExtractor, run: RunContext): Promise<void> {
  const slices = await Array.fromAsync(extractor.plan(run))
  promise(
    slices.every(({ fields }) => fields === undefined),
    'an empty input was planned with fields',
  )
  promise((await everything(() => extractor, run)).length === 0, 'an empty input gave records')
}

async function stops(extractor: SourceExtractor, run: RunContext): Promise<void> {
  const [slice] = await Array.fromAsync(extractor.plan(run))
  promise(slice !== undefined, 'plan yields no slice')
  const stopped = { ...run, batchSize: 1, signal: AbortSignal.abort() }
  const batches = await Array.fromAsync(extractor.read(slice, undefined, stopped)).catch(() => [])
  promise(batches.length === 0, `${batches.length} batches were read after the run was stopped`)
}
