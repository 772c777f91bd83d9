// DestinationRefusal: an error that PostgreSQL reports because the table does not accept a row, not because of the server's state.
// Made by errors.ts; the loader then searches for the refused rows (runner/loaders/postgres/batch/careful.ts).
import { HeadgateError, type RecordError } from '../sdk/index.ts'

/** An error as the server reports it. */
export type ServerError = Error & {
  code: string
  schema?: string
  table?: string
  column?: string
  constraint?: string
  dataType?: string
  routine?: string
  where?: string
}

const codes = {
  check: 'destination.check',
  domain: 'destination.domain',
  exclusion: 'destination.exclusion',
  foreignKey: 'destination.foreignKey',
  notNull: 'destination.notNull',
  partition: 'destination.partition',
  policy: 'destination.policy',
  size: 'destination.size',
  trigger: 'destination.trigger',
  unique: 'destination.unique',
  value: 'destination.value',
} as const

/** The rule of the table that a row breaks. Holds names only, because the rest of PostgreSQL's message quotes values. */
export type Refusal = {
  kind: keyof typeof codes
  /** The constraint, index, domain, function or column that refuses the row; undefined if the server names none. */
  by: string | undefined
  /** Set for kind `notNull` only. */
  column: string | undefined
}

export class DestinationRefusal extends HeadgateError {
  readonly refusal: Refusal

  constructor(message: string, refusal: Refusal) {
    super('DestinationRefused', message)
    this.refusal = refusal
  }
}

/** Returns the rule that the server's error is about; undefined if the error is not about a row. */
export function refusalOf(error: ServerError): Refusal | undefined {
  const kind = kindOf(error)
  if (kind === undefined) return undefined
  return { kind, by: nameOf(kind, error), column: kind === 'notNull' ? error.column : undefined }
}

function kindOf({ code, routine, dataType, constraint }: ServerError): Refusal['kind'] | undefined {
  // Bad COPY framing (22P04) is a defect of Headgate, not of a row.
  if (code === '22P04') return undefined
  if (/^(P0|45)/.test(code) || (/^2[23]/.test(code) && routine === 'exec_stmt_raise')) return 'trigger'
  // Missing privileges have the same code, reported by another routine.
  if (code === '42501') return routine === 'ExecWithCheckOptions' ? 'policy' : undefined
  if (code === '54000') return 'size'
  if (code === '23514') return dataType !== undefined ? 'domain' : constraint === undefined ? 'partition' : 'check'
  if (code === '23502') return dataType !== undefined ? 'domain' : 'notNull'
  if (code === '23503' || code === '23001') return 'foreignKey'
  if (code === '23505') return 'unique'
  if (code === '23P01') return 'exclusion'
  return code.startsWith('22') ? 'value' : undefined
}

function nameOf(kind: Refusal['kind'], { constraint, dataType, column, where }: ServerError): string | undefined {
  if (kind === 'domain') return constraint ?? dataType
  if (kind === 'notNull') return column
  // The first line of the context names the function; later ones may quote the row.
  if (kind === 'trigger') return /^[^"\n]*?([\w.$]+)\(\)/.exec(where ?? '')?.[1]
  return constraint
}

const descriptions: Record<Refusal['kind'], string> = {
  check: 'fails the check constraint',
  domain: 'fails the constraint of the domain',
  exclusion: 'conflicts with another row by the exclusion constraint',
  foreignKey: 'has no parent row, or still has child rows, by the foreign key',
  notNull: 'has no value for the column',
  partition: 'matches no partition of the table',
  policy: 'is not allowed by the row-level security policies of the table',
  size: 'is too wide for the table or one of its indexes',
  trigger: 'is refused by a trigger, in function',
  unique: 'has the same value as another row in the unique constraint or index',
  value: 'holds a value that the table cannot store or compute with',
}

/** Describes the refusal as a predicate, such as "fails the check constraint positive_amount". */
export function describeRefusal({ kind, by }: Refusal): string {
  return by === undefined ? descriptions[kind] : `${descriptions[kind]} ${by}`
}

/** Converts the refusal to an error of the record that the row was made from. */
export function recordError(refusal: Refusal): RecordError {
  const error = { code: codes[refusal.kind], message: `the record ${describeRefusal(refusal)}` }
  return refusal.column === undefined ? error : { field: refusal.column, ...error }
}
