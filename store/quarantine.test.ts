import { expect, it } from 'vitest'
import { freshStore, rejectedRecord } from '../test/support/store.ts'
import { fingerprintOf, type QuarantinedRecord, quarantineRecords } from './quarantine.ts'
import { discardQuarantine, listQuarantine, type QuarantineFilter, showQuarantine, topReasons } from './quarantine-queries.ts'
import type { Queryable } from './queryable.ts'

const { client, connect } = await freshStore()

const put = (pipeline: string, run: number, rejected: QuarantinedRecord[], more: { slice?: number; input?: number } = {}, db: Queryable = client) =>
  quarantineRecords(db, { run, pipeline, slice: more.slice ?? 0, input: more.input ?? 0, name: 'orders.csv' }, rejected)

const list = async (filter: QuarantineFilter) => (await listQuarantine(client, filter)).items

async function occurrences(run: number): Promise<number> {
  const { rows } = await client.query('SELECT count(*)::int AS count FROM headgate.quarantine_occurrence WHERE run = $1', [run])
  return rows[0].count
}

it('stores a rejected record with its exact bytes, errors and place', async () => {
  const raw = Buffer.from([0, 34, 10, 92, 255, 0, 39, 44])
  const errors = [
    { code: 'encoding.utf8', message: 'not UTF-8' },
    { field: 'amount', code: 'type.integer', message: 'no', value: 'x' },
  ]
  await put('evidence', 101, [rejectedRecord(7, { raw, errors, record: undefined, key: undefined, state: 'parked' })], { slice: 3, input: 2 })
  const [listed] = await list({ pipeline: 'evidence', limit: 9 })
  expect(listed).toMatchObject({
    pipeline: 'evidence',
    run: 101,
    slice: 3,
    input: 'orders.csv',
    position: 7,
    record: undefined,
    key: undefined,
    errors,
    state: 'parked',
    occurrences: 1,
  })
  expect((await showQuarantine(client, listed?.id ?? 0))?.raw).toEqual(raw)
  expect(await showQuarantine(client, 0)).toBeUndefined()
})

it('records the kind of the raw record, and corrects an entry of an older version when a run rejects the record again', async () => {
  const of = async (pipeline: string) => (await list({ pipeline, limit: 9 })).map(({ position, evidence }) => [position, evidence])
  await put('kinds', 103, [rejectedRecord(1), rejectedRecord(2, { evidence: 'json' }), rejectedRecord(3)])
  expect(await of('kinds')).toEqual([
    [1, 'bytes'],
    [2, 'json'],
    [3, 'bytes'],
  ])
  // An insert by a worker of an older version, without the column.
  await client.query(
    `INSERT INTO headgate.quarantine (pipeline, run, slice, input, position, raw, errors, codes, fingerprint, digest, state, last_run, pos)
    VALUES ('older', 1, 0, 'f', 1, $1, '[]', '{}', '', sha256($1), 'open', 1, 1)`,
    [rejectedRecord(1).raw],
  )
  expect(await of('older')).toEqual([[1, 'bytes']])
  await put('older', 2, [rejectedRecord(1, { evidence: 'json' })])
  expect(await of('older')).toEqual([[1, 'json']])
  await expect(put('kinds', 104, [rejectedRecord(9, { evidence: 'xml' as never })])).rejects.toThrow(/quarantine_evidence_check/)
})

it('replaces values that jsonb cannot hold with visible substitutes', async () => {
  const record = { id: 'a\u0000b', 'na\u0000me': '\ud800', big: 2n ** 70n, nested: [{ text: 'line\nend\\u0000' }], none: null }
  const errors = [{ field: 'id', code: 'text.nul', message: 'holds U+0000', value: 'a\u0000b' }]
  await put('odd', 102, [rejectedRecord(1, { record, errors, key: { id: 'k\u0000' } })])
  const [entry] = await list({ pipeline: 'odd', limit: 1 })
  expect(entry?.record).toEqual({ id: 'a␀b', 'na␀me': '\ufffd', big: '1180591620717411303424', nested: [{ text: 'line\nend\\u0000' }], none: null })
  expect(entry).toMatchObject({ key: { id: 'k␀' }, errors: [{ value: 'a␀b' }] })
})

it('does not duplicate entries when a file is delivered again, and records the later run', async () => {
  const records = [rejectedRecord(1), rejectedRecord(2)]
  await put('again', 110, records)
  await put(
    'again',
    111,
    records.map((record) => ({ ...record, order: record.order + 100, errors: [{ code: 'other', message: 'stricter now' }] })),
  )
  const entries = await list({ pipeline: 'again', limit: 9 })
  expect(entries).toHaveLength(2)
  expect(entries[0]).toMatchObject({ run: 110, position: 1, lastRun: 111, occurrences: 2, errors: [{ code: 'other' }] })
  expect([await occurrences(110), await occurrences(111)]).toEqual([2, 2])
})

it('keeps the errors of the newest run when an older run is resumed later', async () => {
  await put('late', 121, [rejectedRecord(1, { errors: [{ code: 'new', message: '' }] })])
  await put('late', 120, [rejectedRecord(1, { errors: [{ code: 'old', message: '' }] })])
  expect(await list({ pipeline: 'late', limit: 9 })).toMatchObject([{ lastRun: 121, occurrences: 2, errors: [{ code: 'new' }] }])
})

it('stores one entry for equal records of a batch and counts each occurrence', async () => {
  const raw = Buffer.from(';;;')
  await put('equal', 130, [rejectedRecord(5, { raw }), rejectedRecord(1, { raw }), rejectedRecord(3)])
  expect((await list({ pipeline: 'equal', limit: 9 })).map((entry) => entry.occurrences)).toEqual([1, 2])
  expect(await occurrences(130)).toBe(3)
})

it('opens a new entry when a resolved record is rejected again, and separates pipelines', async () => {
  await put('resolved', 140, [rejectedRecord(1)])
  await put('another', 141, [rejectedRecord(1)])
  const [entry] = await list({ pipeline: 'resolved', limit: 1 })
  await discardQuarantine(client, entry?.id ?? 0, 'a test order')
  await expect(discardQuarantine(client, entry?.id ?? 0, 'again')).rejects.toMatchObject({ code: 'QuarantineNotOpen' })
  await put('resolved', 142, [rejectedRecord(1)])
  expect((await list({ pipeline: 'resolved', limit: 9 })).map(({ state }) => state)).toEqual(['open', 'discarded'])
  expect(await list({ pipeline: 'another', limit: 9 })).toMatchObject([{ state: 'open', occurrences: 1 }])
})

it('does not deadlock when two workers reject the same records at the same time', async () => {
  const [one, other] = [await connect(), await connect()]
  const records = Array.from({ length: 3000 }, (_, order) => rejectedRecord(order))
  const work = async (db: Queryable, run: number, rejected: QuarantinedRecord[]) => {
    await db.query('BEGIN')
    await put('both', run, rejected, {}, db)
    await db.query('COMMIT')
  }
  await Promise.all([work(one, 150, records), work(other, 151, records.toReversed())])
  const { rows } = await client.query(`SELECT count(*)::int AS entries, min(occurrences) AS occurrences FROM headgate.quarantine WHERE pipeline = 'both'`)
  expect(rows).toEqual([{ entries: 3000, occurrences: 2 }])
})

it('stores a batch of large records in several statements', async () => {
  const records = Array.from({ length: 5 }, (_, order) => rejectedRecord(order, { raw: Buffer.alloc(3 << 20, order), record: undefined }))
  await put('large', 160, records)
  const [entry] = await list({ pipeline: 'large', limit: 1 })
  expect((await showQuarantine(client, entry?.id ?? 0))?.raw.equals(Buffer.alloc(3 << 20, 0))).toBe(true)
  expect(await occurrences(160)).toBe(5)
})

it('finds entries by run, state, error code and fingerprint', async () => {
  const range = [
    { field: 'amount', code: 'range.min', message: 'below 0' },
    { field: 'id', code: 'required', message: 'missing' },
  ]
  await put('filters', 170, [rejectedRecord(1), rejectedRecord(2, { errors: range, state: 'parked' }), rejectedRecord(3, { errors: range.toReversed() })])
  const orders = async (filter: object) => (await list({ pipeline: 'filters', limit: 9, ...filter })).map((entry) => entry.position)
  expect(await orders({ run: 170 })).toEqual([1, 2, 3])
  expect(await orders({ run: 171 })).toEqual([])
  expect(await orders({ state: 'parked' })).toEqual([2])
  expect(await orders({ code: 'range.min' })).toEqual([2, 3])
  expect(await orders({ fingerprint: fingerprintOf(range) })).toEqual([2, 3])
  expect(await orders({ limit: 1 })).toEqual([1])
  expect(await topReasons(client, { run: 170, limit: 2 })).toEqual([
    { field: 'amount', code: 'range.min', message: 'below 0', count: 2 },
    { field: 'id', code: 'required', message: 'missing', count: 2 },
  ])
})
