// Checks of a field's canonical value, compiled once: range by exact comparison; length, pattern, format by Ajv.
import type { Field } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { Problem } from './problem.ts'
import { compileTextCheck } from './text-check.ts'
import { fieldTypes } from './types/index.ts'

/** Appends every problem of the value. */
export type Check = (value: unknown, problems: Problem[]) => void

/** Undefined if the field declares no check beyond its type. */
export function compileCheck(field: Field): Check | undefined {
  const checks = [rangeCheck(field), textCheck(field)].filter((check) => check !== undefined)
  if (checks.length === 0) return undefined
  return (value, problems) => {
    for (const check of checks) check(value, problems)
  }
}

function rangeCheck(field: Field): Check | undefined {
  if (field.min === undefined && field.max === undefined) return undefined
  const { compare } = fieldTypes[field.type]
  if (compare === undefined) throw new HeadgateError('InvalidSchema', `field ${field.name}: min and max mean nothing for type ${field.type}; remove them`)
  const min = bound(field, 'min')
  const max = bound(field, 'max')
  return (value, problems) => {
    if (min !== undefined && compare(value, min) < 0) problems.push(new Problem('range.min', `is less than ${field.min}`))
    if (max !== undefined && compare(value, max) > 0) problems.push(new Problem('range.max', `is more than ${field.max}`))
  }
}

/** The bound as a canonical value, read as ISO 8601 whatever the field's own patterns; a timestamp without a zone is in the field's. */
export function bound(field: Field, side: 'min' | 'max'): unknown {
  const given = field[side]
  if (given === undefined) return undefined
  const value = fieldTypes[field.type].parser({ name: field.name, type: field.type, zone: field.zone ?? 'UTC' })(given)
  if (value instanceof Problem) throw new HeadgateError('InvalidSchema', `field ${field.name}: ${side} ${JSON.stringify(given)} ${value.message}; correct it`)
  return value
}

function textCheck(field: Field): Check | undefined {
  const check = compileTextCheck(field)
  return check && ((value, problems) => void problems.push(...check(value as string)))
}
