// What people may see of sensitive fields: nothing, unless they ask for it. Used by the commands that show records.
import type { QuarantineEntry } from '../store/quarantine-queries.ts'
import type { Queryable } from '../store/queryable.ts'
import { listRuns } from '../store/runs.ts'

/** Names, in the schema and in the source, of the fields that the pipeline's latest version declares sensitive. */
export async function sensitiveNames(db: Queryable, pipeline: string): Promise<ReadonlySet<string>> {
  const [latest] = await listRuns(db, { pipeline, limit: 1 })
  const fields = latest?.spec.schema.fields.filter((field) => field.sensitive === true) ?? []
  return new Set(fields.flatMap(({ name, from }) => [name, from ?? name]))
}

/** The record with `***` for the values of these fields. */
export function maskedRecord<Value>(record: Record<string, Value>, names: ReadonlySet<string>): Record<string, Value | string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, names.has(name) && value !== null ? '***' : value]))
}

/** The entries with the values of their pipelines' sensitive fields masked. */
export async function maskedEntries<Entry extends QuarantineEntry>(db: Queryable, entries: readonly Entry[]): Promise<Entry[]> {
  const byPipeline = new Map<string, ReadonlySet<string>>()
  for (const { pipeline } of entries) if (!byPipeline.has(pipeline)) byPipeline.set(pipeline, await sensitiveNames(db, pipeline))
  return entries.map((entry) => {
    const names = byPipeline.get(entry.pipeline) ?? new Set()
    const mask = <Value>(record: Record<string, Value> | undefined) => record && maskedRecord(record, names)
    return { ...entry, record: mask(entry.record), key: mask(entry.key) }
  })
}
