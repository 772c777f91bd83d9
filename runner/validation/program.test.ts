import { describe, expect, it } from 'vitest'
import type { Field, Schema } from '../../crds/fields.ts'
import {
  ObjectBatch,
  type RecordBatch,
  type RecordField,
  RecordTransformer,
  RecordValidator,
  type Report,
  type SourceRecord,
  type TypedRecord,
} from '../../sdk/index.ts'
import { EncodedRows } from '../copy/encoded-rows.ts'
import type { ProgramOptions } from './program.ts'
import { byteBatch, column, program, slowly, testRun } from './testing/cells.ts'

const fields: Field[] = [
  { name: 'id', type: 'integer' },
  { name: 'a', type: 'integer', nullable: true, from: 'A', min: 0 },
]

async function run(schema: Schema, records: SourceRecord[], more: Partial<ProgramOptions> = {}) {
  const loaded: { order: number; record: TypedRecord }[] = []
  const outcomes = await program(schema, undefined, more).process(new ObjectBatch(records, { firstOrder: 10, next: 0 }), 0, { records: loaded })
  return { ...outcomes, records: loaded.map(({ record }) => record), codes: outcomes.rejected.map(({ errors }) => errors.map(({ code }) => code)) }
}

const withOutcome = (outcome: 'reject' | 'warn' | 'nullify', nullable = true): Schema => ({
  fields: [{ name: 'a', type: 'integer', min: 0, outcome, nullable }],
})

describe('outcomes', () => {
  it.each([
    { what: 'reject a value out of range', schema: withOutcome('reject'), given: '-1', record: undefined, warned: [] },
    { what: 'warn of a value out of range and load it', schema: withOutcome('warn'), given: '-1', record: { a: -1n }, warned: ['range.min'] },
    { what: 'set a value out of range to null', schema: withOutcome('nullify'), given: '-1', record: { a: null }, warned: ['range.min'] },
    { what: 'set a value of the wrong type to null under warn', schema: withOutcome('warn'), given: 'x', record: { a: null }, warned: ['type.integer'] },
    { what: 'set a value of the wrong type to null under nullify', schema: withOutcome('nullify'), given: 'x', record: { a: null }, warned: ['type.integer'] },
    { what: 'reject a value of the wrong type that cannot be null', schema: withOutcome('warn', false), given: 'x', record: undefined, warned: [] },
    { what: 'never load a null that is not allowed', schema: withOutcome('warn', false), given: null, record: undefined, warned: [] },
  ])('$what', async ({ schema, given, record, warned }) => {
    const { records, warnings, rejected } = await run(schema, [{ a: given }])
    expect({ records, warned: [...warnings.keys()], rejected: rejected.length }).toEqual({ records: record ? [record] : [], warned, rejected: record ? 0 : 1 })
  })
})

describe('a value made to be expensive to read', () => {
  const large = 1 << 20
  it.each<[string, Omit<Field, 'name' | 'type'>, string, string | undefined]>([
    ['a pattern that backtracks', { pattern: '^([a-zA-Z0-9]+)*@x[.]de$' }, `${'a'.repeat(large)}!`, 'pattern'],
    ['a pattern too large for a text of this length', { pattern: '(a?){400}$' }, 'a'.repeat(large), 'pattern'],
    ['blanks within a text that is trimmed', { trim: true }, `x${' '.repeat(large)}x`, undefined],
    ['e-mail', { format: 'email' }, `a@${'b.'.repeat(large)}!`, 'format.email'],
    ['a URI', { format: 'uri' }, `http://${'a:'.repeat(large)}@ `, 'format.uri'],
    ['a hostname', { format: 'hostname' }, `${'a.'.repeat(large)}!`, 'format.hostname'],
    ['IPv6', { format: 'ipv6' }, ':'.repeat(large), 'format.ipv6'],
    ['IPv4', { format: 'ipv4' }, '1.'.repeat(large), 'format.ipv4'],
  ])('is decided: %s', async (_, checks, value, code) => {
    const { codes, records } = await run({ fields: [{ name: 'a', type: 'text', ...checks }] }, [{ a: value }])
    expect([codes, records.length]).toEqual(code === undefined ? [[], 1] : [[[code]], 0])
  })

  it('in JSON: brackets within strings are not structure', async () => {
    const values = ['"\\"[[[\\\\"', `"${'['.repeat(600)}${'9'.repeat(2000)}"`, `{"a\\"{": [1]}`]
    const { records, codes } = await run(
      { fields: [{ name: 'a', type: 'json' }] },
      [...values, '['.repeat(501) + ']'.repeat(501), `"]]" ${''}`, '9'.repeat(2000)].map((a) => ({ a })),
    )
    expect(records.map(({ a }) => a)).toEqual([...values, '"]]" '])
    expect(codes).toEqual([['type.json'], ['type.json']])
  })
})

describe('a rejected record', () => {
  it('keeps every error, its bytes, its values and its key', async () => {
    const { rejected } = await run({ primaryKey: ['id'], fields }, [{ id: '007', A: '-1' }])
    expect(rejected).toEqual([
      {
        order: 10,
        raw: Buffer.from('{"id":"007","A":"-1"}'),
        evidence: 'json',
        record: { id: '007', A: '-1' },
        key: { id: '7' },
        state: 'open',
        errors: [{ field: 'a', code: 'range.min', message: 'a is less than 0', value: '-1' }],
      },
    ])
  })

  it('has a key if all its key fields can be read, whatever else is wrong', async () => {
    const schema: Schema = {
      primaryKey: ['id', 'code', 'kind', 'parent'],
      fields: [
        { name: 'id', type: 'integer', min: 0, outcome: 'nullify' },
        { name: 'code', type: 'text', pattern: '^[A-Z]$' },
        { name: 'kind', type: 'enum', values: ['a'] },
        { name: 'parent', type: 'text', references: { table: 'parents', column: 'id' } },
      ],
    }
    const columns = [column('id', 'int2'), column('code', 'text'), column('kind', 'text'), column('parent', 'text')]
    const keys = async (id: string) => {
      const batch = new ObjectBatch([{ id, code: 'x', kind: 'b', parent: 'gone' }], { firstOrder: 0, next: 1 })
      const compiled = program(schema, columns, { references: async () => new Set() })
      const { rejected } = await compiled.process(batch, 0, { rows: new EncodedRows() })
      return rejected.map(({ key, errors }) => ({ key, codes: errors.map(({ code }) => code) }))
    }
    const codes = ['pattern', 'enum', 'reference.parents']
    expect(await keys('-1')).toEqual([{ key: { id: '-1', code: 'x', kind: 'b', parent: 'gone' }, codes: ['range.min', ...codes] }])
    expect(await keys('40000')).toEqual([{ key: undefined, codes: ['range.column', ...codes] }])
  })

  it('has no key if a key field cannot be read, and null is an error in a key field', async () => {
    const { rejected } = await run({ primaryKey: ['a'], fields }, [{ id: 'x', A: null }])
    expect(rejected[0]).toMatchObject({ key: undefined, errors: [{ code: 'type.integer' }, { code: 'null', field: 'a' }] })
  })

  it('has the kind of evidence that its batch declares', async () => {
    const wrong: Schema = { fields: [{ name: 'n', type: 'uuid' }] }
    const records = [{ n: 'x' }, { n: 2n ** 70n }]
    const objects = new ObjectBatch(records, { firstOrder: 0, next: 2 })
    const evidenceOf = async (batch: RecordBatch) =>
      (await program(wrong, undefined).process(batch, 0, { records: [] })).rejected.map(({ evidence }) => evidence)
    const { rejected } = await program(wrong, undefined).process(objects, 0, { records: [] })
    expect(rejected.map(({ evidence, raw }) => [evidence, raw.toString()])).toEqual([
      ['json', '{"n":"x"}'],
      ['json', '{"n":"1180591620717411303424"}'],
    ])
    const cells = byteBatch(['n'], [[{ content: Buffer.from('x'), quoted: false }]])
    expect(await evidenceOf(cells)).toEqual(['bytes'])
    expect(await evidenceOf(slowly(cells))).toEqual(['bytes'])
    expect(await evidenceOf({ ...slowly(cells), evidence: 'a picture' as never })).toEqual(['bytes'])
  })

  it.each<{ what: string; complete?: boolean; codes: string[] | undefined }>([
    { what: 'is missing in a batch that says nothing', codes: undefined },
    { what: 'is missing in a complete batch', complete: true, codes: undefined },
    { what: 'is null in one that may name fewer fields than its source has', complete: false, codes: ['null'] },
  ])('a field that no record names $what, in a batch of any class', async ({ complete, codes }) => {
    class Objects extends ObjectBatch {
      override readonly complete = complete as boolean
    }
    const cells = slowly(byteBatch(['id'], [[{ content: Buffer.from('1'), quoted: false }]]))
    const both: RecordBatch[] = [new Objects([{ id: '1' }], { firstOrder: 0, next: 1 }), { ...cells, ...(complete !== undefined && { complete }) }]
    const compiled = program(
      {
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'gone', type: 'text' },
        ],
      },
      undefined,
    )
    for (const batch of both) {
      const processing = compiled.process(batch, 0, { records: [] })
      if (codes === undefined) await expect(processing).rejects.toMatchObject({ code: 'MissingField' })
      else expect((await processing).rejected.map(({ errors }) => errors[0]?.code)).toEqual(codes)
    }
  })

  it('hides a sensitive value in a warning of an extractor', async () => {
    class Talkative extends ObjectBatch {
      warning(index: number) {
        return { field: 'note', code: `odd.${this.record(index).name}`, message: `odd ${this.record(index).name}` }
      }
    }
    const schema: Schema = {
      fields: [
        { name: 'name', type: 'text', sensitive: true },
        { name: 'note', type: 'text' },
      ],
    }
    const batch = new Talkative([{ name: 'Miller', note: 'x' }], { firstOrder: 0, next: 0 })
    const { warnings } = await program(schema, undefined).process(batch, 0, { records: [] })
    expect([...warnings]).toEqual([['hidden', { count: 1, example: expect.stringContaining('is hidden') }]])
  })

  it('shows nothing of a sensitive value, and 200 characters of other values', async () => {
    const schema: Schema = {
      fields: [
        { name: 'secret', type: 'uuid', sensitive: true },
        { name: 'long', type: 'uuid' },
      ],
    }
    const { rejected } = await run(schema, [{ secret: 'hunter2', long: 'x'.repeat(999) }])
    expect(rejected[0]?.errors.map(({ value }) => value)).toEqual(['***', 'x'.repeat(200)])
    expect(JSON.stringify(rejected[0]?.errors)).not.toContain('hunter2')
  })

  it('has at most 100 errors', async () => {
    const many = Array.from({ length: 150 }, (_, index): Field => ({ name: `f${index}`, type: 'integer' }))
    expect((await run({ fields: many }, [{}])).codes[0]).toHaveLength(100)
  })

  it('that could not be framed has its bytes and the reason', async () => {
    const batch = byteBatch(['id'], [[{ content: Buffer.from('1'), quoted: false }]])
    const broken = {
      size: 1,
      fields: ['id'],
      next: 1,
      record: () => ({}),
      raw: () => batch.raw(0),
      order: () => 0,
      problem: () => ({ code: 'csv.quote', message: 'stray quote' }),
    }
    const { rejected, accepted } = await program({ fields: [{ name: 'id', type: 'integer' }] }, undefined).process(broken, 0, { records: [] })
    expect(accepted).toBe(0)
    expect(rejected).toEqual([
      {
        order: 0,
        raw: Buffer.from('1'),
        evidence: 'bytes',
        record: undefined,
        key: undefined,
        state: 'open',
        errors: [{ code: 'csv.quote', message: 'stray quote' }],
      },
    ])
  })
})

class Filling extends RecordTransformer<null> {
  map(record: TypedRecord) {
    return { ...record, a: 5n }
  }
}

describe('the fields of the source', () => {
  const bytes = (names: string[]) => byteBatch(names, [names.map(() => ({ content: Buffer.from('1'), quoted: false }))])

  it('that are missing fail the run, with a similar name as a suggestion', async () => {
    await expect(program({ fields }, undefined).process(bytes(['ID ', 'A']), 0, { records: [] })).rejects.toMatchObject({
      code: 'MissingField',
      message: expect.stringContaining('"ID " looks like "id"'),
    })
  })

  it('that are missing but nullable load as null, with one warning', async () => {
    const warned: string[] = []
    const compiled = program({ fields }, undefined, { run: testRun(warned) })
    const sink = { records: [] as { order: number; record: TypedRecord }[] }
    await compiled.process(bytes(['id']), 0, sink)
    await compiled.process(bytes(['id']), 0, sink)
    expect(sink.records.map(({ record }) => record)).toEqual([
      { id: 1n, a: null },
      { id: 1n, a: null },
    ])
    expect(warned).toEqual(['MissingField: the source has no field for a; it is loaded as null'])
  })

  it('that are kept are not written, so a transformer cannot fill them', async () => {
    const kept = [column('id', 'int4')]
    const rows = new EncodedRows()
    const compiled = program({ fields }, kept, { whenMissing: () => 'keep', transformers: [new Filling(null)] })
    const { rejected } = await compiled.process(bytes(['id']), 0, { rows })
    expect(rejected[0]?.errors).toMatchObject([{ field: 'a', code: 'transform.a' }])
  })

  it('must be those that the run was planned with', async () => {
    const load = (names: string[], columns: string[]) =>
      program(
        { fields },
        columns.map((name) => column(name, 'int4')),
        { whenMissing: () => 'keep' },
      ).process(bytes(names), 0, { rows: new EncodedRows() })
    await expect(load(['id', 'A'], ['id'])).rejects.toMatchObject({ code: 'MixedFields' })
    await expect(load(['id'], ['id', 'a'])).rejects.toMatchObject({ code: 'MixedFields' })
    expect(await load(['id'], ['id'])).toMatchObject({ accepted: 1 })
  })

  it('that are not declared are ignored, captured, or fail the run', async () => {
    const load = async (unknownFields: 'ignore' | 'capture' | 'reject') => {
      const sink = { records: [] as { order: number; record: TypedRecord }[] }
      await program({ fields, unknownFields }, undefined).process(bytes(['id', 'A', 'new']), 0, sink)
      return sink.records[0]?.record
    }
    expect(await load('ignore')).toEqual({ id: 1n, a: 1n })
    expect(await load('capture')).toEqual({ id: 1n, a: 1n, _extra: '{"new":"1"}' })
    await expect(load('reject')).rejects.toMatchObject({ code: 'UnknownField', message: expect.stringContaining('"new"') })
  })
})

describe('custom classes', () => {
  class Even extends RecordValidator<null> {
    check(record: SourceRecord, report: Report) {
      if (Number(record.id) % 2 === 1) report.reject({ field: 'id', code: 'odd', message: 'id is odd' })
      if (record.id === '4') report.warn({ code: 'four', message: 'it is four' })
    }
  }

  it('reject and warn', async () => {
    const { codes, records, warnings } = await run({ fields }, [{ id: '1', A: 'x' }, { id: '2' }, { id: '4' }], { validators: [new Even(null)] })
    expect(codes).toEqual([['type.integer', 'odd']])
    expect(records.map(({ id }) => id)).toEqual([2n, 4n])
    expect(warnings).toEqual(new Map([['four', { count: 1, example: 'it is four' }]]))
  })

  class Change extends RecordTransformer<(record: TypedRecord) => TypedRecord | undefined> {
    override output(given: readonly RecordField[]): readonly RecordField[] {
      return [...given, { name: 'extra', type: 'decimal', nullable: true }]
    }

    map(record: TypedRecord) {
      return this.config(record)
    }
  }

  const columns = [column('id', 'int4'), column('a', 'int2'), column('extra', 'numeric')]
  const transformed = async (change: (record: TypedRecord) => TypedRecord | undefined) => {
    const rows = new EncodedRows()
    const compiled = program({ fields }, columns, { transformers: [new Change(change)] })
    const outcomes = await compiled.process(new ObjectBatch([{ id: '1', A: '2' }], { firstOrder: 0, next: 1 }), 0, { rows })
    return { ...outcomes, hex: rows.bytes.subarray(0, rows.length).toString('hex') }
  }

  it('transform records into columns of their own', async () => {
    const { hex } = await transformed((record) => ({ ...record, extra: Number(record.a) / 4 }))
    expect(hex).toBe('0003' + '0000000400000001' + '000000020002' + '0000000a' + '0001ffff00000001' + '1388')
  })

  it('filter records out', async () => {
    expect(await transformed(() => undefined)).toMatchObject({ accepted: 0, filtered: 1, rejected: [], hex: '' })
  })

  it('cannot bypass the types of the columns', async () => {
    const { rejected, accepted } = await transformed((record) => ({ ...record, id: null, a: 40000n, extra: 'much' }))
    expect(accepted).toBe(0)
    expect(rejected[0]?.errors.map(({ code }) => code)).toEqual(['transform.id', 'transform.a', 'transform.extra'])
  })
})
