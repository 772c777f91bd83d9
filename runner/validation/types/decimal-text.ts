// Decimals as text: the canonical form (digits, at most one point, no exponent, no needless zeros in front), and exact comparison.
import { Problem } from '../problem.ts'
import { digitsAfter } from './numeric.ts'

const form = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,4}))?$/
const largestExponent = 1000
/** Limits of PostgreSQL's numeric. */
export const mostBefore = 131072
const mostAfter = 16383

/** The canonical form; undefined if `text` is not a number, or too long. */
export function canonical(text: string): string | undefined {
  const parts = form.exec(text)
  if (parts === null) return undefined
  const [, sign, whole = '', fraction = parts[4] ?? '', , exponentText = '0'] = parts
  const exponent = Number(exponentText)
  if (Math.abs(exponent) > largestExponent || whole.length > mostBefore || fraction.length > mostAfter) return undefined
  const point = whole.length + exponent
  const all = whole + fraction
  const before = point <= 0 ? '' : all.slice(0, point).padEnd(point, '0')
  const after = point <= 0 ? '0'.repeat(-point) + all : all.slice(point)
  if (after.length > mostAfter) return undefined
  const stripped = before.replace(/^0+/, '') || '0'
  const number = after === '' ? stripped : `${stripped}.${after}`
  return sign === '-' && /[1-9]/.test(number) ? `-${number}` : number
}

/** Drops zeros beyond `scale`. Other digits there are an error; they are never rounded. */
export function cutZeros(value: string, scale: number): string | Problem {
  const after = digitsAfter(value)
  if (after <= scale) return value
  const end = value.length - (after - scale)
  if (/[1-9]/.test(value.slice(end))) return new Problem('type.decimal.precision', `has more than ${scale} digits after the point`)
  return value.slice(0, scale === 0 ? end - 1 : end).replace(/^-(0(?:\.0*)?)$/, '$1')
}

export function compareDecimals(one: string, other: string): number {
  const negative = one.startsWith('-')
  if (negative !== other.startsWith('-')) return negative ? -1 : 1
  const order = compareMagnitudes(negative ? one.slice(1) : one, negative ? other.slice(1) : other)
  return negative ? -order : order
}

function compareMagnitudes(one: string, other: string): number {
  const [oneWhole = '', oneFraction = ''] = one.split('.')
  const [otherWhole = '', otherFraction = ''] = other.split('.')
  if (oneWhole.length !== otherWhole.length) return oneWhole.length - otherWhole.length
  const width = Math.max(oneFraction.length, otherFraction.length)
  const oneDigits = oneWhole + oneFraction.padEnd(width, '0')
  const otherDigits = otherWhole + otherFraction.padEnd(width, '0')
  return oneDigits < otherDigits ? -1 : oneDigits === otherDigits ? 0 : 1
}
