// The statement that merges rows of a stage into the destination: judges each row, updates, inserts, counts. See docs/loading.md.

import { list, quote, relation } from '../names.ts'
import { columnNames, dataColumns, type LoadPlan } from '../plan.ts'
import type { HeapRange } from './heap-range.ts'

export type MergeOptions = {
  /** Quoted relation that holds the rows, or a query in parentheses. */
  source: string
  /** Whether the source may hold a key more than once. */
  mayRepeatKeys: boolean
  /** Whether the source is much smaller than the destination, so that each row is looked up by key instead of scanning the destination. */
  lookUp: boolean
  /** A range of the destination's heap that holds most existing rows of the source. It is scanned first; the other rows are looked up. */
  near?: HeapRange | undefined
  /** Whether to return hashes of unchanged and overwritten keys. */
  keyHashes: boolean
  /** Whether to write only rows whose existing row is an earlier record of this same run. */
  exhaustive: boolean
  /** Whether to write unchanged rows too, with this run's `_run`, so that an older run that still writes loses to them. */
  rewriteUnchanged: boolean
  /** Whether to write every row, whatever exists: for replacing a table's rows. */
  always?: boolean
}

// The name of a declared field has no double quote, so these names never collide.
const own = (name: string) => quote(`"${name}`)
const verdict = own('verdict')
const place = own('place')
const partition = own('partition')
const presentRun = own('run')
const presentPosition = own('pos')
const judgedBefore = own('judged')
const rank = own('rank')
const touched = own('touched')

/** Verdicts on a row: 0 new, 1 unchanged, 2 newer than the existing row, 3 superseded. `$1` is the run. */
export function mergeStatement(plan: LoadPlan, options: MergeOptions): string {
  const columns = columnNames(plan)
  const judged = options.mayRepeatKeys ? withoutRepeats(plan, options) : judgedRows(plan, options)
  const target = relation(plan.destination)
  const where = [
    `m.${verdict} = 2`,
    `d.ctid = m.${place}`,
    ...(plan.partitioned ? [`d.tableoid = m.${partition}`] : []),
    // A concurrent change of the row changes these as well. The row is then not updated, which the count shows.
    `d._run IS NOT DISTINCT FROM m.${presentRun}`,
    `d._pos IS NOT DISTINCT FROM m.${presentPosition}`,
  ]
  return `
WITH m AS MATERIALIZED (${judged}),
updated AS (
  UPDATE ${target} d SET ${assignments(plan)} FROM m WHERE ${where.join(' AND ')} RETURNING 1),
inserted AS (
  INSERT INTO ${target} (${list(columns)}) SELECT ${list(columns, 'm.')} FROM m WHERE m.${verdict} = 0 RETURNING 1)
SELECT (SELECT count(*) FROM updated)::int8 AS updated,
  (SELECT count(*) FROM inserted)::int8 AS inserted,
  count(*) FILTER (WHERE m.${verdict} = 0)::int8 AS "new",
  count(*) FILTER (WHERE m.${verdict} = 1)::int8 AS unchanged,
  count(*) FILTER (WHERE m.${verdict} = 2)::int8 AS newer,
  count(*) FILTER (WHERE m.${verdict} = 3)::int8 AS superseded,
  count(*) FILTER (WHERE m.${verdict} = 2 AND m.${presentRun} = $1)::int8 AS overwrote,
  ${options.keyHashes ? hashes(plan) : 'NULL::bytea AS unchanged_keys, NULL::bytea AS overwritten_keys'}
FROM m`
}

/** Locks the destination's rows that the source may change, in key order, so that judging them again is final. */
export function lockStatement(plan: LoadPlan, source: string): string {
  return `SELECT count(*) FROM (SELECT 1 FROM ${relation(plan.destination)} d WHERE (${list(plan.key, 'd.')}) IN (SELECT ${list(plan.key)} FROM ${source} AS source)
    ORDER BY ${list(plan.key, 'd.')} FOR UPDATE) locked`
}

export function repeatsStatement(plan: LoadPlan, source: string): string {
  return `SELECT EXISTS (SELECT FROM ${source} AS source GROUP BY ${list(plan.key)} HAVING count(*) > 1) AS repeats`
}

/** Deletes all but the newest row of each key from a table of the run's rows. */
export function deleteRepeatsStatement(plan: LoadPlan, source: string): string {
  return `DELETE FROM ${source} s USING (
    SELECT ctid AS place, row_number() OVER (PARTITION BY ${list(plan.key)} ORDER BY ${newestFirst(plan, '')}) AS rank FROM ${source}) r
    WHERE r.rank > 1 AND s.ctid = r.place`
}

function judgedRows(plan: LoadPlan, options: MergeOptions): string {
  const { source, lookUp, near } = options
  const target = relation(plan.destination)
  const match = (row: string) => plan.key.map((column) => `${row}.${quote(column)} = s.${quote(column)}`).join(' AND ')
  if (!lookUp) return judged(plan, options, `${source} s LEFT JOIN ${target} d ON ${match('d')}`)
  // OFFSET 0 keeps the planner from turning look-ups, or the scan of a range, into one join that scans the whole destination.
  const lookedUp = (where: string) => `LEFT JOIN LATERAL (SELECT t.ctid, t.tableoid, t.* FROM ${target} t WHERE ${where}${match('t')} OFFSET 0) d ON true`
  if (near === undefined) return judged(plan, options, `${source} s ${lookedUp('')}`)
  const met = judged(plan, options, `${source} s LEFT JOIN ${stretch(plan, near)} d ON ${match('d')} OFFSET 0`)
  return `
  SELECT ${list(columnNames(plan), 's.')}, coalesce(s.${place}, d.ctid) AS ${place}, coalesce(s.${presentRun}, d._run) AS ${presentRun},
    coalesce(s.${presentPosition}, d._pos) AS ${presentPosition}, CASE WHEN s.${place} IS NULL THEN ${rowVerdict(plan, options)} ELSE s.${verdict} END AS ${verdict}
  FROM (${met}) s ${lookedUp(`s.${place} IS NULL AND `)}`
}

/** Each row of s with the present row d, if there is one, and the verdict on it. */
function judged(plan: LoadPlan, options: MergeOptions, from: string): string {
  return `
  SELECT ${list(columnNames(plan), 's.')}, d.ctid AS ${place}, ${plan.partitioned ? `d.tableoid AS ${partition}, ` : ''}d._run AS ${presentRun},
    d._pos AS ${presentPosition}, ${rowVerdict(plan, options)} AS ${verdict}
  FROM ${from}`
}

/** The rows of a stretch of the destination's heap, read as a whole. */
export function stretch(plan: LoadPlan, { from, to }: HeapRange): string {
  return `(SELECT t.ctid, t.* FROM ${relation(plan.destination)} t WHERE t.ctid >= '${from}' AND t.ctid < '${to}' OFFSET 0)`
}

function rowVerdict(plan: LoadPlan, { exhaustive, always, rewriteUnchanged }: MergeOptions): string {
  if (always === true) return `CASE WHEN d.ctid IS NULL THEN 0 ELSE 2 END`
  return exhaustive ? exhaustiveVerdict(plan) : usualVerdict(plan, rewriteUnchanged)
}

function usualVerdict(plan: LoadPlan, rewriteUnchanged: boolean): string {
  return `CASE WHEN d.ctid IS NULL THEN 0
    ${rewriteUnchanged ? '' : `WHEN ${unchanged(plan)} THEN 1`}
    WHEN ${newer(plan)} THEN 2 ELSE 3 END`
}

function exhaustiveVerdict(plan: LoadPlan): string {
  return `CASE WHEN d._run = $1 AND ${newer(plan)} THEN 2 ELSE 3 END`
}

/** Whether s has nothing to tell: the present row d is of an earlier run (or nobody's) and the same in every column. `$1` is the run. */
export function unchanged(plan: LoadPlan): string {
  const equal = plan.columns
    .filter(({ name }) => name !== '_run' && name !== '_pos' && !plan.key.includes(name))
    // json has no equality; its text is what was loaded.
    .map(({ name, type }) => ['s', 'd'].map((row) => `${row}.${quote(name)}${type === 'json' ? '::text' : ''}`).join(' IS NOT DISTINCT FROM '))
  if (plan.onMissing === 'Mark') equal.push('d._deleted_at IS NULL')
  return ['(d._run < $1 OR d._run IS NULL)', ...equal].join(' AND ')
}

/** The 8-byte hash of a row's key, by alias. */
export function keyHash(plan: LoadPlan, row: string): string {
  return `int8send(hash_record_extended(ROW(${list(plan.key, `${row}.`)}), 0))`
}

/** Whether s wins over the present row: the larger version if there is one (none loses to any), then the later in source order. */
function newer({ version }: LoadPlan): string {
  const later = `(s._run, s._pos) > (coalesce(d._run, 0), coalesce(d._pos, -1))`
  if (version === null) return later
  const [ours, theirs] = [`s.${quote(version)}`, `d.${quote(version)}`]
  return `CASE WHEN ${ours} IS NOT DISTINCT FROM ${theirs} THEN ${later} WHEN ${theirs} IS NULL THEN true ELSE coalesce(${ours} > ${theirs}, false) END`
}

/** Records that were made of one share `_pos`; if their keys are equal to the database alone, as in citext, the larger by its bytes is taken. */
function newestFirst({ version, key, columns }: LoadPlan, prefix: string): string {
  const byVersion = version === null ? '' : `${prefix}${quote(version)} DESC NULLS LAST, `
  const byBytes = columns
    .filter(({ name, equalsByBytes }) => !equalsByBytes && key.includes(name))
    .map(({ name }) => `, ${prefix}${quote(name)}::text COLLATE "C" DESC`)
  return `${byVersion}${prefix}_run DESC, ${prefix}_pos DESC${byBytes.join('')}`
}

/**
 * Of several rows with one key the newest is judged and the others are superseded. If one of those others would have
 * been written had it come in a batch of its own, the newest is written too, even if it equals the present row: what a
 * run leaves behind does not depend on where batches end.
 */
function withoutRepeats(plan: LoadPlan, options: MergeOptions): string {
  const present = plan.partitioned ? [place, partition] : [place]
  const kept = [...columnNames(plan).map((name) => quote(name)), ...present, presentRun, presentPosition].join(', ')
  return `
  SELECT *, CASE WHEN ${rank} > 1 THEN 3 WHEN ${judgedBefore} = 1 AND ${touched} THEN 2 ELSE ${judgedBefore} END AS ${verdict}
  FROM (SELECT ${kept}, ${verdict} AS ${judgedBefore},
      row_number() OVER (PARTITION BY ${list(plan.key)} ORDER BY ${newestFirst(plan, '')}) AS ${rank},
      bool_or(${verdict} = 2) OVER (PARTITION BY ${list(plan.key)}) AS ${touched}
    FROM (${judgedRows(plan, options)}) j) r`
}

function assignments(plan: LoadPlan): string {
  const values = [...dataColumns(plan).filter((name) => !plan.key.includes(name)), '_run', '_pos'].map((name) => `${quote(name)} = m.${quote(name)}`)
  if (plan.onMissing === 'Mark') values.push('_deleted_at = NULL')
  return values.join(', ')
}

function hashes(plan: LoadPlan): string {
  const hash = keyHash(plan, 'm')
  return `string_agg(${hash}, '') FILTER (WHERE m.${verdict} = 1) AS unchanged_keys,
  string_agg(${hash}, '') FILTER (WHERE m.${verdict} = 2 AND m.${presentRun} IS DISTINCT FROM $1) AS overwritten_keys`
}
