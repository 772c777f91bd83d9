// Canaries: unique values that are put into sensitive fields, and where they turn up.
import type pg from 'pg'

const form = 'cny[0-9]+_zq'
let number = 0

/** Never a value of a type but text, and no part of a hash or a number. */
export function canary(): string {
  return `cny${++number}_zq`
}

export function hasCanary(text: string): boolean {
  return new RegExp(form, 'i').test(text)
}

/** The columns of schema headgate that hold one, as table.column. The text form of bytea is hexadecimal. */
export async function columnsWithCanaries(client: pg.Client): Promise<string[]> {
  const { rows: columns } = await client.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'headgate' AND table_type = 'BASE TABLE' ORDER BY 1, 2`,
  )
  const found: string[] = []
  for (const { table, column } of columns) {
    const { rows } = await client.query(`SELECT 1 FROM headgate."${table}" WHERE "${column}"::text ~* $1 OR "${column}"::text ~* $2 LIMIT 1`, [
      form,
      '636e79(3[0-9])+5f7a71',
    ])
    if (rows.length > 0) found.push(`${table}.${column}`)
  }
  return found
}
