// Schemas that no pipeline may load into or look up values in: Headgate's own and PostgreSQL's. Used by the CRD, `headgate check`, the loader and references.
import type { CelRule } from './shapes.ts'

/** Schemas of the store itself. */
export const ownSchemas: readonly string[] = ['headgate', 'headgate_stage']

/** In lower case. `Headgate` is another schema in PostgreSQL, but is reserved too, to avoid confusion. */
const reserved = `(${ownSchemas.join('|')}|information_schema|pg_.*)`
const reservedSchema = new RegExp(`^${reserved}$`, 's')

/** What messages call them. */
export const reservedSchemas = `${ownSchemas.join(', ')}, information_schema and those that begin with pg_`

/** Whether a schema is reserved, ignoring case. */
export function isReservedSchema(schema: string): boolean {
  return reservedSchema.test(schema.toLowerCase())
}

/** The rule of an object whose property `table` is `schema.table`, or a table of public. */
export const tableNotReserved: CelRule = {
  rule: `!has(self.table) || !self.table.lowerAscii().matches('^${reserved}[.]')`,
  message: `${reservedSchemas} are reserved, in any case: name a table of another schema`,
  fieldPath: '.table',
  reason: 'FieldValueForbidden',
}
