// Checks of text, compiled once: length in code points and format by Ajv, pattern by RE2.
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { Field } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { compileExpression, type Expression } from './expressions/expression.ts'
import { Problem } from './problem.ts'

export type TextCheck = (value: string) => Problem[]

const ajv = new Ajv({ allErrors: true, strict: true })
;(addFormats as unknown as typeof addFormats.default)(ajv, { mode: 'full', formats: ['email', 'uri', 'hostname', 'ipv4', 'ipv6'] })

const textLike = new Set<Field['type']>(['text', 'enum'])
const codes: Record<string, string> = { minLength: 'length.min', maxLength: 'length.max' }
const fine: Problem[] = []

/** Steps that one match may take: some seconds at most. */
const mostSteps = 1 << 28

/** Undefined if the field declares no such check. Throws InvalidSchema. */
export function compileTextCheck(field: Pick<Field, 'name' | 'type' | 'minLength' | 'maxLength' | 'pattern' | 'format'>): TextCheck | undefined {
  const { minLength, maxLength, pattern, format } = field
  const keywords = Object.fromEntries(Object.entries({ minLength, maxLength, pattern, format }).filter(([, value]) => value !== undefined))
  if (Object.keys(keywords).length === 0) return undefined
  if (!textLike.has(field.type)) {
    throw new HeadgateError('InvalidSchema', `field ${field.name}: ${Object.keys(keywords).join(', ')} is only for type text, it is ${field.type}; remove it`)
  }
  const form = ajvCheck({ minLength, maxLength, format })
  const match = patternCheck(field.name, pattern)
  if (form === undefined || match === undefined) return form ?? match
  return (value) => {
    const [one, other] = [form(value), match(value)]
    return one.length + other.length === 0 ? fine : [...one, ...other]
  }
}

function ajvCheck(keywords: { minLength: unknown; maxLength: unknown; format: unknown }): TextCheck | undefined {
  const { format } = keywords
  const declared = Object.fromEntries(Object.entries(keywords).filter(([, value]) => value !== undefined))
  if (Object.keys(declared).length === 0) return undefined
  const validate = ajv.compile({ type: 'string', ...declared })
  const code = (keyword: string) => (keyword === 'format' ? `format.${format}` : (codes[keyword] ?? keyword))
  return (value) => {
    if (passes(validate, value)) return fine
    if (validate.errors === null) return [new Problem(code('format'), 'is too long to be checked for its format')]
    return (validate.errors ?? []).map(({ keyword, message }) => new Problem(code(keyword), message ?? 'is not valid'))
  }
}

/** Longest text in characters: the formats' expressions are linear, but run out of stack on texts of many megabytes. */
function passes(validate: ValidateFunction, value: string): boolean {
  try {
    return validate(value) as boolean
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    validate.errors = null
    return false
  }
}

function patternCheck(name: string, pattern: string | undefined): TextCheck | undefined {
  if (pattern === undefined) return undefined
  const expression = compiled(name, pattern)
  const mismatch = [new Problem('pattern', `must match pattern "${pattern}"`)]
  const tooLong = [new Problem('pattern', 'is too long to be matched with its pattern')]
  return (value) => {
    if (expression.cost(value.length) > mostSteps) return tooLong
    return expression.test(value) ? fine : mismatch
  }
}

function compiled(name: string, pattern: string): Expression {
  try {
    return compileExpression(pattern)
  } catch (cause) {
    throw new HeadgateError('InvalidSchema', `field ${name}: the pattern ${pattern} is not one of RE2: ${(cause as Error).message}; correct it`, { cause })
  }
}
