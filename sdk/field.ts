// RecordField: a field of the records between two stages. Passed to transformers, and returned by them, before a run reads its source.

/**
 * One field of a typed record, with the checks that its values pass. The properties mean what they mean in `spec.schema.fields` of a
 * Pipeline; how a source writes the value (`from`, `patterns`, `zone` …) is left out, because the value has been read already.
 */
export type RecordField = {
  name: string
  type: 'text' | 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'time' | 'timestamp' | 'uuid' | 'json' | 'enum'
  /** Whether there may be no value. Default: false. */
  nullable?: boolean
  /** Whether the value is masked wherever it is shown outside the store. Default: false. */
  sensitive?: boolean
  min?: string | number
  max?: string | number
  minLength?: number
  maxLength?: number
  /** In the syntax of RE2. */
  pattern?: string
  format?: 'email' | 'uri' | 'hostname' | 'ipv4' | 'ipv6'
  /** The words of an enum. */
  values?: string[]
  /** Digits in all, and after the point, of a decimal. */
  precision?: number
  scale?: number
  /** What a failed check does. Default: reject. */
  outcome?: 'reject' | 'warn' | 'nullify'
}
