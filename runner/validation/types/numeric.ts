// numeric columns: which decimals fit, and their encoder.

import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeNumeric } from '../../copy/numeric.ts'
import { Problem } from '../problem.ts'
import type { Encoder } from './field-type.ts'

export type NumericLimits = { before: number; scale: number }

/** Digits before the point and the scale that a numeric column's modifier allows; undefined without one. */
export function numericLimits(column: DestinationColumn): NumericLimits | undefined {
  if (column.modifier < 4) return undefined
  const packed = column.modifier - 4
  const scale = ((packed & 0x7ff) ^ 1024) - 1024
  return { before: (packed >> 16) - scale, scale }
}

/**
 * Digits before the point, from the first non-zero digit: 2 for 12.5. For a number below 0.1 it is negative, minus the zeros
 * after the point, so that a scale larger than the precision is checked too: -1 for 0.05.
 */
export function digitsBefore(number: string): number {
  const start = number.startsWith('-') ? 1 : 0
  const point = number.indexOf('.')
  const end = point < 0 ? number.length : point
  if (number[start] !== '0') return end - start
  for (let at = end + 1; at < number.length; at++) if (number[at] !== '0') return -(at - end - 1)
  return -Infinity
}

export function digitsAfter(number: string): number {
  const point = number.indexOf('.')
  return point < 0 ? 0 : number.length - point - 1
}

/** Writes decimals in their canonical form into numeric columns. */
export function numericEncoder(column: DestinationColumn): Encoder {
  const limits = numericLimits(column)
  return {
    fit: (value) => {
      const number = value as string
      if (limits === undefined) return undefined
      if (digitsBefore(number) > limits.before) {
        return new Problem('range.column', `is too large for column ${column.name} ${column.formatted}`)
      }
      if (endsInZeros(number, limits.scale)) return undefined
      return new Problem('type.decimal.precision', `has more digits than column ${column.name} ${column.formatted} can hold`)
    },
    write: (rows, value) => writeNumeric(rows, value as string, limits === undefined ? digitsAfter(value as string) : Math.max(0, limits.scale)),
  }
}

/** Whether all digits beyond the scale are zeros. A negative scale begins before the point. */
export function endsInZeros(number: string, scale: number): boolean {
  const digits = number.replace('-', '').replace('.', '')
  const beyond = digitsAfter(number) - scale
  return beyond <= 0 || !/[1-9]/.test(digits.slice(-beyond))
}
