// min and max of a field as plain numbers, for the fast cells.
import type { Field } from '../../../crds/fields.ts'
import { canonical } from './decimal-text.ts'

export type NumberBounds = { min: number; max: number }

/**
 * Numbers of at most 15 digits compare with these as exactly as in decimal: distinct decimals of at most 15 digits are
 * distinct doubles. Undefined if a bound has more digits than that.
 */
export function numberBounds(field: Field): NumberBounds | undefined {
  const min = field.min === undefined ? -Infinity : exactNumber(field.min)
  const max = field.max === undefined ? Infinity : exactNumber(field.max)
  return min === undefined || max === undefined ? undefined : { min, max }
}

function exactNumber(bound: number | string): number | undefined {
  const text = canonical(String(bound))
  const digits = text?.replace(/[-.]/g, '').replace(/^0+/, '').length
  return digits !== undefined && digits <= 15 ? Number(text) : undefined
}
