// Reference checks: which values have a parent. One query per batch and field; parents that exist are cached.
import pg from 'pg'
import type { Field } from '../../crds/fields.ts'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { parseTable, relation } from '../loaders/postgres/names.ts'
import { reservedReason } from '../loaders/postgres/prepare/reserved.ts'

/** Returns those of `values` (canonical text) that the column holds. They are compared as `pgType`. */
export type ReferenceLookup = (table: string, column: string, values: string[], pgType: string) => Promise<Set<string>>

const mostRemembered = 100_000
const mostAsked = 10_000

/** Looks up values of one reference. Caches those that exist; the oldest entries are evicted first. */
export class KnownParents {
  readonly #lookup: (values: string[]) => Promise<Set<string>>
  readonly #present = new Set<string>()

  constructor(lookup: (values: string[]) => Promise<Set<string>>) {
    this.#lookup = lookup
  }

  has(value: string): boolean {
    return this.#present.has(value)
  }

  /** Returns those of `values` that have no parent. */
  async missing(values: Iterable<string>): Promise<Set<string>> {
    const unknown = [...new Set(values)].filter((value) => !this.#present.has(value))
    const missing = new Set<string>()
    for (let from = 0; from < unknown.length; from += mostAsked) {
      const asked = unknown.slice(from, from + mostAsked)
      const present = await this.#lookup(asked)
      for (const value of asked) {
        if (present.has(value)) this.#remember(value)
        else missing.add(value)
      }
    }
    return missing
  }

  #remember(value: string): void {
    if (this.#present.size >= mostRemembered) {
      const [oldest] = this.#present
      if (oldest !== undefined) this.#present.delete(oldest)
    }
    this.#present.add(value)
  }
}

const pgTypes: Record<Field['type'], string> = {
  text: 'text',
  enum: 'text',
  integer: 'int8',
  decimal: 'numeric',
  float: 'float8',
  boolean: 'bool',
  date: 'date',
  time: 'time',
  timestamp: 'timestamptz',
  uuid: 'uuid',
  json: 'jsonb',
}

/** The PostgreSQL type that a field's values are compared as. */
export function referenceType(field: Field): string {
  return pgTypes[field.type]
}

const bigintRange = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

/** Whether PostgreSQL can read the value as `pgType` at all; if not, it has no parent. */
function readable(value: string, pgType: string): boolean {
  return pgType !== 'int8' || (BigInt(value) >= bigintRange.least && BigInt(value) <= bigintRange.most)
}

/** ReferenceLookup over SQL. Throws InvalidReference if table or column are missing or reserved, or of a type that does not compare. */
export function sqlReferences(queryable: Pick<Transaction, 'query'>): ReferenceLookup {
  const allowed = new Set<string>()
  return async (table, column, values, pgType) => {
    if (!allowed.has(table)) await refuseReserved(queryable, table, column)
    allowed.add(table)
    const statement =
      `SELECT given.value FROM unnest($1::text[]) AS given(value) ` +
      `WHERE EXISTS (SELECT FROM ${relation(parseTable(table))} AS parent WHERE parent.${pg.escapeIdentifier(column)} = given.value::${pg.escapeIdentifier(pgType)})`
    try {
      const { rows } = await queryable.query(statement, [values.filter((value) => readable(value, pgType))])
      return new Set(rows.map((row) => row.value as string))
    } catch (error) {
      throw explained(error, `${table}.${column}`)
    }
  }
}

async function refuseReserved(queryable: Pick<Transaction, 'query'>, table: string, column: string): Promise<void> {
  const reason = await reservedReason(queryable, parseTable(table))
  if (reason !== undefined) throw new HeadgateError('InvalidReference', `the reference to ${table}.${column} cannot be checked: ${reason}`)
}

const wrongReference = new Set(['42P01', '42703', '42883', '3F000', '42501'])

function explained(error: unknown, target: string): unknown {
  const { code, message } = error as { code?: string; message?: string }
  if (code === undefined || !wrongReference.has(code)) return error
  return new HeadgateError('InvalidReference', `the reference to ${target} cannot be checked: ${message}; correct the reference or the table`, { cause: error })
}
