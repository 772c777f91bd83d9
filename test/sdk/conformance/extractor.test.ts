import { describe, expect, it } from 'vitest'
import { ConformanceError, extractorChecks } from '../../../sdk/conformance/index.ts'
import { type Extractor, type Position, type RecordBatch, RecordExtractor, type RunContext, type Slice, type SourceRecord } from '../../../sdk/index.ts'
import { failing, numbers } from './failing.ts'

let calls = 0

class Sound extends RecordExtractor {
  override *records(): Iterable<SourceRecord> {
    yield* numbers
  }
}

/** Batches as RecordExtractor makes them, changed. */
function changed(change: (batch: RecordBatch, run: RunContext) => Partial<RecordBatch>): Extractor {
  return new (class extends Sound {
    override async *read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
      for await (const batch of super.read(slice, from, run)) yield { ...bound(batch), ...change(batch, run) }
    }
  })(undefined)
}

function bound(batch: RecordBatch): RecordBatch {
  return {
    size: batch.size,
    fields: batch.fields,
    next: batch.next,
    ...(batch.evidence !== undefined && { evidence: batch.evidence }),
    record: (index) => batch.record(index),
    raw: (index) => batch.raw(index),
    order: (index) => batch.order(index),
    problem: (index) => batch.problem(index),
  }
}

function planning(...slices: Slice[]): Extractor {
  return new (class extends Sound {
    override async *plan(): AsyncIterable<Slice> {
      yield* slices
    }
  })(undefined)
}

describe('an extractor', () => {
  it('that fulfils the contract passes', async () => {
    expect(await failing(extractorChecks({ make: () => new Sound(undefined) }))).toEqual([])
  })

  const broken: { fails: string[]; make: () => Extractor }[] = [
    { fails: ['plans slices of inputs that rise from 0'], make: () => planning({ input: 1, name: 'a', spec: null }, { input: 0, name: 'b', spec: null }) },
    { fails: ['describes slices by JSON'], make: () => planning({ input: 0, name: 'a', spec: { at: new Date() } as never }) },
    { fails: ['plans the same slices every time'], make: () => planning({ input: 0, name: `a-${calls++}`, spec: null }) },
    {
      fails: ['gives at least two records'],
      make: () =>
        new (class extends RecordExtractor {
          override *records(): Iterable<SourceRecord> {
            yield { n: '1' }
          }
        })(undefined),
    },
    {
      fails: ['gives the same records every time', 'gives the same records whatever the size of batches', 'resumes behind every batch'],
      make: () =>
        new (class extends RecordExtractor {
          override *records(): Iterable<SourceRecord> {
            for (const record of numbers) yield { ...record, at: `${calls++}` }
          }
        })(undefined),
    },
    {
      fails: ['gives the same records whatever the size of batches'],
      make: () => changed((batch, run) => ({ record: (index) => ({ ...batch.record(index), size: run.batchSize }) })),
    },
    {
      fails: ['puts no more records in a batch than the run asks for'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, from, { ...run, batchSize: 1000 })
          }
        })(undefined),
    },
    { fails: ['numbers records in rising order'], make: () => changed((batch) => ({ order: (index) => 100 - batch.order(index) })) },
    {
      fails: ['has positions that are JSON', 'resumes behind every batch'],
      make: () => changed((batch) => ({ next: new Date(batch.next as number) as never })),
    },
    {
      fails: ['resumes behind every batch', 'throws for a position that it did not make'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, _from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, undefined, run)
          }
        })(undefined),
    },
    {
      fails: ['throws for a position that it did not make'],
      make: () =>
        new (class extends Sound {
          override read(slice: Slice, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch> {
            return super.read(slice, typeof from === 'number' && from > 0 ? from : undefined, run)
          }
        })(undefined),
    },
    { fails: ['keeps raw bytes of every record'], make: () => changed(() => ({ raw: () => Buffer.alloc(0) })) },
    { fails: ['keeps raw bytes of every record'], make: () => changed(() => ({ evidence: 'json', raw: () => Buffer.from('n: 1') })) },
  ]

  it.each(broken)('fails the right check: $fails', async ({ make, fails }) => {
    expect(await failing(extractorChecks({ make }))).toEqual(fails)
  })

  it('fails if it does not recognise its inputs', async () => {
    class Forgetful extends Sound {
      override async verify(): Promise<void> {
        throw new ConformanceError('another input')
      }
    }
    expect(await failing(extractorChecks({ make: () => new Forgetful(undefined) }))).toEqual(['finds its inputs unchanged when they are'])
  })

  it('that plans nothing fails everywhere', async () => {
    expect((await failing(extractorChecks({ make: () => planning() }))).length).toBe(extractorChecks({ make: () => planning() }).length)
  })
})
