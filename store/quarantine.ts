// Quarantine: puts a batch's rejected records away with their evidence, within the batch's transaction. Called by the engine.
import { createHash } from 'node:crypto'
import type { RecordError } from '../sdk/index.ts'
import type { Queryable } from './queryable.ts'
import { storableJson, storableText } from './storable.ts'

/** A record that is not loaded, with its evidence. */
export type QuarantinedRecord = {
  /** `order` of the record within its input. */
  order: number
  raw: Buffer
  /** The parsed record, if it could be framed. */
  record: Record<string, unknown> | undefined
  errors: readonly RecordError[]
  /** Values of the primary key in PostgreSQL's text notation, by field. */
  key: Record<string, string> | undefined
  /** `parked` waits for its parent. */
  state: 'open' | 'parked'
}

/** Where the records come from: the slice's ordinal, its input's ordinal and the input's name. */
export type QuarantineOrigin = { run: number; pipeline: string; slice: number; input: number; name: string }

type Entry = QuarantinedRecord & { digest: Buffer; repeats: number }

const recordsPerStatement = 2000
const bytesPerStatement = 8 << 20

const insert = `
  WITH entry AS (
    INSERT INTO headgate.quarantine AS kept (pipeline, run, slice, input, position, raw, record, errors, codes, fingerprint, key, digest, state, last_run, pos, occurrences)
    SELECT $1, $2, $3, $5, record_order, raw, record, errors, ARRAY(SELECT DISTINCT error ->> 'code' FROM jsonb_array_elements(errors) AS error),
      fingerprint, key, digest, state, $2, $4::bigint * 17592186044416 + record_order, repeats
    FROM unnest($6::bigint[], $7::bytea[], $8::jsonb[], $9::jsonb[], $10::text[], $11::jsonb[], $12::bytea[], $13::text[], $14::integer[])
      AS incoming (record_order, raw, record, errors, fingerprint, key, digest, state, repeats)
    ON CONFLICT (pipeline, digest) WHERE state IN ('open', 'parked', 'corrected') DO UPDATE SET
      occurrences = kept.occurrences + excluded.occurrences,
      last_run = greatest(kept.last_run, excluded.last_run),
      pos = CASE WHEN excluded.last_run > kept.last_run THEN excluded.pos WHEN excluded.last_run = kept.last_run THEN greatest(kept.pos, excluded.pos) ELSE kept.pos END,
      record = CASE WHEN excluded.last_run > kept.last_run THEN excluded.record ELSE kept.record END,
      errors = CASE WHEN excluded.last_run > kept.last_run THEN excluded.errors ELSE kept.errors END,
      codes = CASE WHEN excluded.last_run > kept.last_run THEN excluded.codes ELSE kept.codes END,
      fingerprint = CASE WHEN excluded.last_run > kept.last_run THEN excluded.fingerprint ELSE kept.fingerprint END,
      key = CASE WHEN excluded.last_run > kept.last_run THEN excluded.key ELSE kept.key END,
      state = CASE WHEN excluded.last_run > kept.last_run AND kept.state <> 'corrected' THEN excluded.state ELSE kept.state END
    RETURNING id, digest
  )
  INSERT INTO headgate.quarantine_occurrence (run, slice, record_order, quarantine)
  SELECT $2, $3, seen.record_order, entry.id
  FROM unnest($15::bigint[], $16::bytea[]) AS seen (record_order, digest) JOIN entry USING (digest)`

/**
 * Keeps rejected records: one entry per distinct raw record that is still unresolved in the pipeline, so that a file
 * delivered again does not double them, and one occurrence per record and run.
 */
export async function quarantineRecords(tx: Queryable, origin: QuarantineOrigin, rejected: readonly QuarantinedRecord[]): Promise<void> {
  const seen = new Map<string, { entry: Entry; orders: number[] }>()
  for (const record of rejected) {
    const digest = createHash('sha256').update(record.raw).digest()
    const known = seen.get(digest.toString('latin1'))
    if (known === undefined) {
      seen.set(digest.toString('latin1'), { entry: { ...record, digest, repeats: 1 }, orders: [record.order] })
    } else {
      known.orders.push(record.order)
      known.entry = { ...(record.order > known.entry.order ? record : known.entry), digest, repeats: known.orders.length }
    }
  }
  // Everyone locks entries in the order of their digests, so two workers with the same records wait and do not deadlock.
  const inOrder = [...seen.values()].sort((one, other) => Buffer.compare(one.entry.digest, other.entry.digest))
  for (const chunk of chunks(inOrder)) await insertChunk(tx, origin, chunk)
}

async function insertChunk(tx: Queryable, origin: QuarantineOrigin, chunk: { entry: Entry; orders: number[] }[]): Promise<void> {
  const entries = chunk.map(({ entry }) => entry)
  await tx.query(insert, [
    origin.pipeline,
    origin.run,
    origin.slice,
    origin.input,
    storableText(origin.name),
    entries.map((entry) => entry.order),
    entries.map((entry) => entry.raw),
    entries.map((entry) => (entry.record === undefined ? null : storableJson(entry.record))),
    entries.map((entry) => storableJson(entry.errors)),
    entries.map((entry) => fingerprintOf(entry.errors)),
    entries.map((entry) => (entry.key === undefined ? null : storableJson(entry.key))),
    entries.map((entry) => entry.digest),
    entries.map((entry) => entry.state),
    entries.map((entry) => entry.repeats),
    chunk.flatMap(({ orders }) => orders),
    chunk.flatMap(({ entry, orders }) => orders.map(() => entry.digest)),
  ])
}

/** Bounded in records and bytes: raw records may be megabytes each. */
function* chunks(entries: { entry: Entry; orders: number[] }[]): Iterable<{ entry: Entry; orders: number[] }[]> {
  let chunk: { entry: Entry; orders: number[] }[] = []
  let bytes = 0
  for (const item of entries) {
    chunk.push(item)
    bytes += item.entry.raw.length
    if (chunk.length < recordsPerStatement && bytes < bytesPerStatement) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}

/** The same for all records with the same errors in the same fields, whatever the values. */
export function fingerprintOf(errors: readonly RecordError[]): string {
  const shape = [...new Set(errors.map((error) => JSON.stringify([error.field ?? null, error.code])))].sort().join()
  return createHash('sha256').update(shape).digest('hex').slice(0, 16)
}
