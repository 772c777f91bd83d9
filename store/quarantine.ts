// Quarantine: stores a batch's rejected records with their evidence, within the batch's transaction. Called by the engine.
import { hash } from 'node:crypto'
import type { Evidence, RecordError } from '../sdk/index.ts'
import { recordOrder } from '../sdk/record-order.ts'
import { type KeyColumn, keyForm, keyHash, withKeyHash } from './key-form.ts'
import type { Queryable } from './queryable.ts'
import { storableJson, storableText } from './storable.ts'

/** A record that is not loaded, with its evidence. */
export type QuarantinedRecord = {
  /** `order` of the record within its input. */
  order: number
  /** Ordinal of the record's input. Default: `input` of the origin. */
  input?: number
  raw: Buffer
  /** Whether `raw` is the record's bytes in the source, or JSON made from it. */
  evidence: Evidence
  /** The parsed record, if it could be framed. */
  record: Record<string, unknown> | undefined
  errors: readonly RecordError[]
  /** Values of the primary key in PostgreSQL's text notation, by field. */
  key: Record<string, string> | undefined
  /** `parked`: the record waits for its parent. */
  state: 'open' | 'parked'
}

/** Where records come from. Entries can be found by key later only if `keyColumns`, the columns of the destination's key, is given. */
export type QuarantineOrigin = {
  run: number
  pipeline: string
  /** Ordinal of the slice. */
  slice: number
  /** Ordinal of the slice's first input. */
  input: number
  name: string
  /** Names of the slice's inputs, if it has several. */
  inputs?: readonly string[]
  keyColumns?: readonly KeyColumn[]
}

/**
 * Records of one call with the same raw bytes. `latest` is the last of them in source order, at place `last`; `places` are the places of
 * all. Places are counted from the slice's first input.
 */
type Entry = { latest: QuarantinedRecord; last: bigint; digest: Buffer; places: bigint[] }

const recordsPerStatement = 2000
const bytesPerStatement = 8 << 20

// Raw records are sent as one bytea, JSON values as one text with one line per entry: far cheaper than arrays. JSON text has no line ends.
const insertWith = (keyHash: string) => `
  WITH incoming AS (
    SELECT record_order, pos, ($5::text[])[name_place] AS input, substring($7::bytea, raw_start, raw_length) AS raw, record::jsonb AS record, errors::jsonb AS errors, fingerprint, key::jsonb AS key,
      substring($13::bytea, place::integer * 32 - 31, 32) AS digest, state, repeats, evidence
    FROM ROWS FROM (
      unnest($6::bigint[]), unnest($8::integer[]), unnest($9::integer[]), string_to_table($10, E'\\n', ''), string_to_table($11, E'\\n'),
      string_to_table($12, E'\\n', ''), unnest($14::text[]), unnest($15::text[]), unnest($16::integer[]), unnest($4::bigint[]), unnest($20::integer[]), unnest($21::text[])
    ) WITH ORDINALITY AS list (record_order, raw_start, raw_length, record, errors, key, fingerprint, state, repeats, pos, name_place, evidence, place)
  ), entry AS (
    INSERT INTO headgate.quarantine AS kept (pipeline, run, slice, input, position, raw, record, errors, codes, fingerprint, key, digest, state, last_run, pos, occurrences, evidence, key_form, key_hash)
    SELECT $1, $2, $3, input, record_order, raw, record, errors, ARRAY(SELECT DISTINCT error ->> 'code' FROM jsonb_array_elements(errors) AS error),
      fingerprint, key, digest, state, $2, pos, repeats, evidence,
      CASE WHEN key IS NOT NULL THEN $19::bigint END, ${keyHash} # $19::bigint
    FROM incoming
    ON CONFLICT (pipeline, digest) WHERE state IN ('open', 'parked', 'corrected') DO UPDATE SET
      occurrences = kept.occurrences + excluded.occurrences,
      last_run = greatest(kept.last_run, excluded.last_run),
      pos = CASE WHEN excluded.last_run > kept.last_run THEN excluded.pos WHEN excluded.last_run = kept.last_run THEN greatest(kept.pos, excluded.pos) ELSE kept.pos END,
      evidence = CASE WHEN excluded.last_run > kept.last_run THEN excluded.evidence ELSE kept.evidence END,
      record = CASE WHEN excluded.last_run > kept.last_run THEN excluded.record ELSE kept.record END,
      errors = CASE WHEN excluded.last_run > kept.last_run THEN excluded.errors ELSE kept.errors END,
      codes = CASE WHEN excluded.last_run > kept.last_run THEN excluded.codes ELSE kept.codes END,
      fingerprint = CASE WHEN excluded.last_run > kept.last_run THEN excluded.fingerprint ELSE kept.fingerprint END,
      key = CASE WHEN excluded.last_run > kept.last_run THEN excluded.key ELSE kept.key END,
      key_form = CASE WHEN excluded.last_run > kept.last_run THEN excluded.key_form ELSE kept.key_form END,
      key_hash = CASE WHEN excluded.last_run > kept.last_run THEN excluded.key_hash ELSE kept.key_hash END,
      state = CASE WHEN excluded.last_run > kept.last_run AND kept.state <> 'corrected' THEN excluded.state ELSE kept.state END
    RETURNING id, digest
  )
  INSERT INTO headgate.quarantine_occurrence (run, slice, record_order, quarantine)
  SELECT $2, $3, seen.record_order, entry.id
  FROM unnest($17::bigint[], $18::integer[]) AS seen (record_order, place)
  JOIN entry ON entry.digest = substring($13::bytea, seen.place * 32 + 1, 32)`

/**
 * Stores rejected records: one entry per distinct raw record that is unresolved in the pipeline, so that a file delivered
 * again does not duplicate entries, and one occurrence per record and run.
 */
export async function quarantineRecords(tx: Queryable, origin: QuarantineOrigin, rejected: readonly QuarantinedRecord[]): Promise<void> {
  const entries = distinct(origin.input, rejected)
  const { keyColumns = [] } = origin
  const write = (keyHash: string) => insertEntries(tx, origin, entries, insertWith(keyHash))
  if (keyColumns.length === 0 || rejected.every(({ key }) => key === undefined)) return write('NULL::bigint')
  await withKeyHash(tx, keyHash(keyColumns, 'key'), write)
}

async function insertEntries(tx: Queryable, origin: QuarantineOrigin, entries: readonly Entry[], insert: string): Promise<void> {
  let sent: Promise<unknown> = Promise.resolve()
  for (const chunk of chunks(entries)) {
    // The values are prepared while the server works on the previous chunk.
    const values = valuesOf(origin, chunk)
    await sent
    sent = tx.query(insert, values)
  }
  await sent
}

/** Groups records by raw bytes, sorted by digest: all workers lock entries in this order, so two with the same records cannot deadlock. */
function distinct(first: number, rejected: readonly QuarantinedRecord[]): Entry[] {
  const entries = new Map<string, Entry>()
  for (const record of rejected) {
    const digest = hash('sha256', record.raw, 'buffer')
    const name = digest.toString('latin1')
    const place = recordOrder((record.input ?? first) - first, record.order)
    const known = entries.get(name)
    if (known === undefined) {
      entries.set(name, { latest: record, last: place, digest, places: [place] })
    } else {
      known.places.push(place)
      if (place < known.last) continue
      known.latest = record
      known.last = place
    }
  }
  return [...entries.values()].sort((one, other) => Buffer.compare(one.digest, other.digest))
}

/** Splits entries into chunks bounded in records and in bytes, because a raw record may have several megabytes. */
function* chunks(entries: readonly Entry[]): Iterable<Entry[]> {
  let chunk: Entry[] = []
  let bytes = 0
  for (const entry of entries) {
    chunk.push(entry)
    bytes += entry.latest.raw.length
    if (chunk.length < recordsPerStatement && bytes < bytesPerStatement) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}

function valuesOf(origin: QuarantineOrigin, chunk: readonly Entry[]): unknown[] {
  const inputOf = ({ input = origin.input }: QuarantinedRecord) => input
  const inputs = [...new Set(chunk.map(({ latest }) => inputOf(latest)))]
  const placeOf = new Map(inputs.map((input, index) => [input, index + 1]))
  const records = chunk.map((entry) => entry.latest)
  const starts: number[] = []
  let start = 1
  for (const { raw } of records) {
    starts.push(start)
    start += raw.length
  }
  return [
    origin.pipeline,
    origin.run,
    origin.slice,
    list(records.map((record) => recordOrder(inputOf(record), record.order))),
    inputs.map((input) => storableText(origin.inputs?.[input - origin.input] ?? origin.name)),
    list(records.map((record) => record.order)),
    Buffer.concat(records.map((record) => record.raw)),
    list(starts),
    list(records.map((record) => record.raw.length)),
    records.map((record) => (record.record === undefined ? '' : storableJson(record.record))).join('\n'),
    records.map((record) => storableJson(record.errors)).join('\n'),
    records.map((record) => (record.key === undefined ? '' : storableJson(record.key))).join('\n'),
    Buffer.concat(chunk.map((entry) => entry.digest)),
    list(records.map((record) => fingerprintOf(record.errors))),
    list(records.map((record) => record.state)),
    list(chunk.map((entry) => entry.places.length)),
    list(chunk.flatMap((entry) => entry.places)),
    list(chunk.flatMap((entry, index) => entry.places.map(() => index))),
    origin.keyColumns === undefined || origin.keyColumns.length === 0 ? 0 : keyForm(origin.pipeline, origin.keyColumns),
    list(records.map((record) => placeOf.get(inputOf(record)) as number)),
    list(records.map((record) => record.evidence)),
  ]
}

/** A PostgreSQL array literal of numbers or of words that need no quotes. */
function list(items: readonly (number | bigint | string)[]): string {
  return `{${items.join()}}`
}

/** A hash of the errors' codes and fields: the same for all records with the same errors in the same fields, whatever their values. */
export function fingerprintOf(errors: readonly RecordError[]): string {
  const shape = [...new Set(errors.map((error) => JSON.stringify([error.field ?? null, error.code])))].sort().join()
  return hash('sha256', shape).slice(0, 16)
}
