// For each check a format that breaks just that promise: a check that nothing can fail proves nothing.
import { expect, it } from 'vitest'
import type { Position, RecordBatch, RunContext } from '../../../sdk/index.ts'
import { compressionOf, decompressed } from '../../content/compression.ts'
import type { Content } from '../../content/content.ts'
import type { Format, InputPlan, Range } from '../format.ts'
import { formatChecks } from './conformance.ts'

const bytes = Buffer.from('one\ntwo\nthree\nfour\n')

type Line = { at: number; next: number; text: string }

/** Lines that end with a line feed, cut into two ranges behind the first line. */
class Lines implements Format {
  async plan(content: Content, targetBytes: number | undefined): Promise<InputPlan> {
    const text = await this.text(content)
    const head = await text.head(64)
    if (head.length === 0) return { empty: true, ranges: [{ start: 0, end: null }] }
    const cut = head.indexOf('\n') + 1
    const split = targetBytes !== undefined && text.randomAccess
    const ranges = split ? [{ start: 0, end: cut } as const, { start: cut, end: null } as const] : [{ start: 0, end: null }]
    return { empty: false, fields: ['line'], ranges }
  }

  async *read(content: Content, range: Range, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
    let lines: Line[] = []
    for await (const line of this.lines(await this.text(content), placeIn(range, from), range.end ?? undefined)) {
      lines.push(line)
      if (lines.length < run.batchSize) continue
      run.signal.throwIfAborted()
      yield this.batch(lines)
      lines = []
    }
    if (lines.length > 0) yield this.batch(lines)
  }

  async text(content: Content): Promise<Content> {
    return decompressed(content, await compressionOf(content, 'auto'))
  }

  async *lines(content: Content, start: number, end: number | undefined): AsyncIterable<Line> {
    let text = ''
    let at = start
    for await (const chunk of content.open(start, end)) {
      text += chunk.toString('latin1')
      for (let length = text.indexOf('\n') + 1; length > 0; length = text.indexOf('\n') + 1) {
        yield { at, next: at + length, text: text.slice(0, length - 1) }
        at += length
        text = text.slice(length)
      }
    }
  }

  batch(lines: readonly Line[]): RecordBatch {
    const line = (index: number) => lines[index] as Line
    return {
      size: lines.length,
      fields: ['line'],
      next: line(lines.length - 1).next,
      record: (index) => ({ line: line(index).text }),
      raw: (index) => Buffer.from(line(index).text, 'latin1'),
      order: (index) => line(index).at,
      problem: () => undefined,
    }
  }
}

function placeIn({ start }: Range, from: Position | undefined): number {
  if (from === undefined) return start
  if (typeof from !== 'number' || from < start) throw new Error(`${JSON.stringify(from)} is no place`)
  return from
}

const broken: { fails: string[]; make: () => Format }[] = [
  { fails: [], make: () => new Lines() },
  {
    fails: [
      'numbers records in rising order',
      'resumes behind every batch',
      'gives the same records however the bytes arrive',
      'gives the same records from slices as from the whole',
      'gives the same records from a compressed input',
      'gives the same record from its raw bytes alone',
    ],
    make: () =>
      new (class extends Lines {
        override async *lines(content: Content, start: number, end: number | undefined): AsyncIterable<Line> {
          for await (const chunk of content.open(start, end)) {
            let at = start
            for (const text of chunk.toString('latin1').split('\n').slice(0, -1)) {
              yield { at, next: at + text.length + 1, text }
              at += text.length + 1
            }
          }
        }
      })(),
  },
  {
    fails: ['gives the same records from a source that reads from the beginning only', 'gives the same records from a compressed input'],
    make: () =>
      new (class extends Lines {
        override async *lines(content: Content, start: number, end: number | undefined): AsyncIterable<Line> {
          if (content.size !== undefined) yield* super.lines(content, start, end)
        }
      })(),
  },
  {
    fails: ['gives the same records from slices as from the whole'],
    make: () =>
      new (class extends Lines {
        override async *lines(content: Content, start: number, _end: number | undefined): AsyncIterable<Line> {
          yield* super.lines(content, start, undefined)
        }
      })(),
  },
  {
    fails: ['keeps bytes that are in the input', 'gives the same record from its raw bytes alone'],
    make: () =>
      new (class extends Lines {
        override batch(lines: readonly Line[]): RecordBatch {
          return { ...super.batch(lines), raw: (index) => Buffer.from(`<${lines[index]?.text}>`) }
        }
      })(),
  },
  {
    fails: ['takes an empty input for a delivery of no records'],
    make: () =>
      new (class extends Lines {
        override async plan(): Promise<InputPlan> {
          return { empty: false, fields: ['line'], ranges: [{ start: 0, end: null }] }
        }
      })(),
  },
  {
    fails: ['gives the same records from a compressed input'],
    make: () =>
      new (class extends Lines {
        override async text(content: Content): Promise<Content> {
          return content
        }
      })(),
  },
  {
    fails: ['gives the same record from its raw bytes alone'],
    make: () =>
      new (class extends Lines {
        override batch(lines: readonly Line[]): RecordBatch {
          return { ...super.batch(lines), record: (index) => ({ line: `${lines[index]?.at}: ${lines[index]?.text}` }) }
        }
      })(),
  },
  {
    fails: ['reads damaged bytes to an end'],
    make: () =>
      new (class extends Lines {
        override batch(lines: readonly Line[]): RecordBatch {
          for (const { text } of lines) decodeURIComponent(text)
          return super.batch(lines)
        }
      })(),
  },
]

const inputOf = (raw: Buffer) => Buffer.concat([raw, Buffer.from('\n')])

it.each(broken)('fails the right checks: $fails', async ({ make, fails }) => {
  const failed: string[] = []
  for (const { name, run } of formatChecks({ make, bytes, inputOf })) await run().catch(() => failed.push(name))
  expect(failed).toEqual(fails)
})
