// Names of sensitive fields, from the declarations of a record's run and of all later runs. Called by the commands that show records.
import { type Queryable, wholeNumber } from './queryable.ts'

export class SensitiveFields {
  /** Pipeline → field name (in the schema or the source) → last run that declared the field sensitive. */
  readonly #lastRuns: ReadonlyMap<string, ReadonlyMap<string, number>>

  constructor(lastRuns: ReadonlyMap<string, ReadonlyMap<string, number>>) {
    this.#lastRuns = lastRuns
  }

  /** Names of the fields that this run of the pipeline or a later one declared sensitive; `*` if any field may be sensitive. */
  since(pipeline: string, run: number): ReadonlySet<string> {
    const names = [...(this.#lastRuns.get(pipeline) ?? [])].filter(([, last]) => last >= run)
    return new Set(names.map(([name]) => name))
  }
}

export async function sensitiveFields(db: Queryable, pipelines: readonly string[]): Promise<SensitiveFields> {
  const { rows } = await db.query('SELECT pipeline, name, last_run FROM headgate.sensitive_field WHERE pipeline = ANY ($1::text[])', [pipelines])
  const lastRuns = new Map<string, Map<string, number>>()
  for (const row of rows) {
    const names = lastRuns.get(row.pipeline as string) ?? new Map<string, number>()
    lastRuns.set(row.pipeline as string, names.set(row.name as string, wholeNumber(row.last_run)))
  }
  return new SensitiveFields(lastRuns)
}

/** Pipelines with a run that loads one of these tables. Names of tables must be spelled as in the pipeline's spec. */
export async function pipelinesOfTables(db: Queryable, tables: readonly string[]): Promise<string[]> {
  const { rows } = await db.query(`SELECT DISTINCT pipeline FROM headgate.run WHERE spec #>> '{destination,postgres,table}' = ANY ($1::text[])`, [tables])
  return rows.map((row) => row.pipeline as string)
}
