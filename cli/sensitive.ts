// What people may see of sensitive fields: nothing, unless they ask for it. Used by the commands that show records.
import { hiddenMessage, textsIn } from '../runner/validation/secrecy.ts'
import type { RecordError } from '../sdk/index.ts'
import type { QuarantineEntry } from '../store/quarantine-queries.ts'
import type { Queryable } from '../store/queryable.ts'
import { sensitiveFields } from '../store/sensitive-fields.ts'

/** Names of fields, in the schema and in the source; `*` means all. */
export type Hidden = ReadonlySet<string>

const mask = '***'

/** Whether the record may hold anything that is hidden. */
export function hidesAnything(hidden: Hidden): boolean {
  return hidden.size > 0
}

/** Undeclared fields, by their names in the source. */
const extraColumn = '_extra'

/** The record with `***` for the values of these fields. */
export function maskedRecord<Value>(record: Record<string, Value>, hidden: Hidden): Record<string, Value | string> {
  const masked = (name: string, value: Value) => {
    if (value === null) return value
    if (isHidden(name, hidden)) return mask
    return name === extraColumn && typeof value === 'object' ? (maskedRecord(value as Record<string, unknown>, hidden) as Value) : value
  }
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, masked(name, value)]))
}

/** What is hidden of each entry: all that the entry's own run, or one since, declared sensitive. */
export async function hiddenOf(db: Queryable, entries: readonly QuarantineEntry[]): Promise<Hidden[]> {
  const fields = await sensitiveFields(db, [...new Set(entries.map(({ pipeline }) => pipeline))])
  return entries.map(({ pipeline, run }) => fields.since(pipeline, run))
}

/** The entries with the values of sensitive fields masked, wherever they are quoted. */
export async function maskedEntries<Entry extends QuarantineEntry>(db: Queryable, entries: readonly Entry[]): Promise<Entry[]> {
  const hidden = await hiddenOf(db, entries)
  return entries.map((entry, place) => maskedEntry(entry, hidden[place] as Hidden))
}

function maskedEntry<Entry extends QuarantineEntry>(entry: Entry, hidden: Hidden): Entry {
  if (!hidesAnything(hidden)) return entry
  const values = [entry.record ?? {}, entry.key ?? {}].flatMap((record) => Object.entries(record).filter(([name]) => isHidden(name, hidden)))
  const secrets = values.flatMap(([, value]) => textsIn(value)).sort((one, other) => other.length - one.length)
  return {
    ...entry,
    record: entry.record && maskedRecord(entry.record, hidden),
    key: entry.key && maskedRecord(entry.key, hidden),
    errors: entry.errors.map((error) => maskedError(error, hidden, secrets)),
  }
}

/** Codes whose messages are Headgate's own. Others are a plugin's, which may have quoted a value in any form before it was hidden. */
const ownCode = /^(?:null|enum|pattern|(?:type|range|length|format|encoding|csv|reference|rule|cost|transform|destination)[.].*)$/

function maskedError({ field, code, message, value }: RecordError, hidden: Hidden, secrets: readonly string[]): RecordError {
  const own = ownCode.test(code)
  const open = own && field !== undefined && !isHidden(field, hidden)
  return {
    ...(field !== undefined && { field: withoutSecrets(field, secrets) }),
    code: withoutSecrets(code, secrets),
    message: own ? withoutSecrets(withoutReason(code, message), secrets) : hiddenMessage,
    ...(value !== undefined && { value: open ? withoutSecrets(value, secrets) : mask }),
  }
}

/** Why a rule could not be evaluated, in brackets at the end, may quote what it computed. */
function withoutReason(code: string, message: string): string {
  return code.startsWith('rule.') && message.endsWith(')') && message.includes(' (') ? message.slice(0, message.indexOf(' (')) : message
}

function isHidden(name: string, hidden: Hidden): boolean {
  return hidden.has(name) || hidden.has('*')
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, mask), text)
}
