// Checks of text by Ajv, compiled once: length in code points, pattern, format.
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { Field } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { Problem } from './problem.ts'

export type TextCheck = (value: string) => Problem[]

const ajv = new Ajv({ allErrors: true, strict: true })
;(addFormats as unknown as typeof addFormats.default)(ajv, { mode: 'full', formats: ['email', 'uri', 'hostname', 'ipv4', 'ipv6'] })

const textLike = new Set<Field['type']>(['text', 'enum'])
const codes: Record<string, string> = { minLength: 'length.min', maxLength: 'length.max', pattern: 'pattern' }
const fine: Problem[] = []

/** Undefined if the field declares none of them. Throws InvalidSchema. */
export function compileTextCheck(field: Pick<Field, 'name' | 'type' | 'minLength' | 'maxLength' | 'pattern' | 'format'>): TextCheck | undefined {
  const { minLength, maxLength, pattern, format } = field
  const keywords = Object.fromEntries(Object.entries({ minLength, maxLength, pattern, format }).filter(([, value]) => value !== undefined))
  if (Object.keys(keywords).length === 0) return undefined
  if (!textLike.has(field.type)) {
    throw new HeadgateError('InvalidSchema', `field ${field.name}: ${Object.keys(keywords).join(', ')} is only for type text, it is ${field.type}; remove it`)
  }
  const validate = compiled(field.name, keywords)
  return (value) => {
    if (validate(value)) return fine
    return (validate.errors ?? []).map(
      ({ keyword, message }) => new Problem(keyword === 'format' ? `format.${format}` : (codes[keyword] ?? keyword), message ?? 'is not valid'),
    )
  }
}

function compiled(name: string, keywords: Record<string, unknown>): ValidateFunction {
  try {
    return ajv.compile({ type: 'string', ...keywords })
  } catch (cause) {
    throw new HeadgateError('InvalidSchema', `field ${name}: ${(cause as Error).message}; correct it`, { cause })
  }
}
