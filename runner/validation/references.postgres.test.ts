import { describe, expect, it } from 'vitest'
import type { Field } from '../../crds/fields.ts'
import { freshDatabase } from '../../test/support/database.ts'
import { EncodedRows } from '../copy/encoded-rows.ts'
import { KnownParents, sqlReferences } from './references.ts'
import { byteBatch, column, program, slowly } from './testing/cells.ts'

const { client } = await freshDatabase()
await client.query(`
  CREATE SCHEMA ref; CREATE TABLE ref."co""untry" (code text, number int);
  INSERT INTO ref."co""untry" VALUES ('DE', 1), ('É', 2)`)
const queryable = { query: async (text: string, values?: readonly unknown[]) => client.query(text, values === undefined ? undefined : [...values]) }

type OnMissing = NonNullable<NonNullable<Field['references']>['onMissing']>

async function load(onMissing: OnMissing | undefined, cells: string[], path: 'fast' | 'slow', more: Partial<Field> = {}) {
  const reference = { table: 'ref.co"untry', column: more.type === 'integer' ? 'number' : 'code', ...(onMissing && { onMissing }) }
  const batch = byteBatch(
    ['f'],
    cells.map((cell) => [{ content: Buffer.from(cell), quoted: false }]),
  )
  const compiled = program(
    { fields: [{ name: 'f', type: 'text', nullable: true, ...more, references: reference }] },
    [column('f', more.type === 'integer' ? 'int8' : 'text')],
    { references: sqlReferences(queryable) },
  )
  const { accepted, rejected, warnings } = await compiled.process(path === 'fast' ? batch : slowly(batch), 0, { rows: new EncodedRows() })
  return {
    accepted,
    rejected: rejected.map(({ order, state, errors }) => [order, state, errors.map(({ code }) => code).join(' ')]),
    warned: [...warnings.keys()],
  }
}

const code = 'reference.ref.co"untry'

describe.each(['fast', 'slow'] as const)('references on the %s path', (path) => {
  it.each([
    { onMissing: undefined, accepted: 3, rejected: [[3, 'open', code]], warned: [] },
    { onMissing: 'park', accepted: 3, rejected: [[3, 'parked', code]], warned: [] },
    { onMissing: 'warn', accepted: 4, rejected: [], warned: [code] },
    { onMissing: 'nullify', accepted: 4, rejected: [], warned: [code] },
  ] as const)('with onMissing $onMissing', async ({ onMissing, ...expected }) => {
    expect(await load(onMissing, ['DE', '', 'É', 'XX'], path)).toEqual({
      ...expected,
      rejected: expected.rejected.map(([order, ...rest]) => [order === 3 ? 7 : order, ...rest]),
    })
  })

  it('compare numbers as numbers, of any size', async () => {
    expect(await load(undefined, ['1', '01', '9'.repeat(18)], path, { type: 'integer' })).toMatchObject({ accepted: 2 })
  })

  it('park only records without another error', async () => {
    expect(await load('park', ['XX'], path, { maxLength: 1 })).toMatchObject({ rejected: [[0, 'open', `length.max ${code}`]] })
  })
})

it('a reference to a missing table or column fails the run', async () => {
  await expect(sqlReferences(queryable)('ref.nowhere', 'code', ['x'], 'text')).rejects.toMatchObject({ code: 'InvalidReference' })
  await expect(sqlReferences(queryable)('ref.co"untry', 'code', ['1'], 'int8')).rejects.toMatchObject({ code: 'InvalidReference' })
})

it('a number that PostgreSQL cannot read has no parent', async () => {
  expect(await sqlReferences(queryable)('ref.co"untry', 'number', ['1', '9'.repeat(30)], 'int8')).toEqual(new Set(['1']))
})

it('known parents are cached, missing ones are queried again', async () => {
  const asked: string[][] = []
  const parents = new KnownParents(async (values) => {
    asked.push(values)
    return new Set(values.filter((value) => value !== 'missing'))
  })
  await parents.missing(['a', 'missing', 'a'])
  expect(await parents.missing(['a', 'missing', 'b'])).toEqual(new Set(['missing']))
  expect(asked).toEqual([
    ['a', 'missing'],
    ['missing', 'b'],
  ])
})
