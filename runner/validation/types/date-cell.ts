// Fast cell of date: YYYY-MM-DD, or a declared pattern of fixed width such as dd.MM.yyyy, to days since 2000-01-01.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt32 } from '../../copy/fast-write.ts'
import { daysOf, daysOfText, isDay } from './calendar.ts'
import type { Cell } from './field-type.ts'

type FixedPattern = { length: number; year: number; month: number; day: number; literals: { at: number; byte: number }[] }

export function dateCell(field: Field, column: DestinationColumn): Cell | undefined {
  const pattern = fixedPattern(field.patterns?.[0] ?? 'yyyy-MM-dd')
  if (column.type !== 'date' || pattern === undefined) return undefined
  const { length, literals } = pattern
  const min = field.min === undefined ? -Infinity : daysOfText(String(field.min))
  const max = field.max === undefined ? Infinity : daysOfText(String(field.max))
  return (bytes, start, end, rows) => {
    if (end - start !== length) return false
    for (let index = 0; index < literals.length; index++) {
      const literal = literals[index] as FixedPattern['literals'][number]
      if (bytes[start + literal.at] !== literal.byte) return false
    }
    const high = twoDigits(bytes, start + pattern.year)
    const low = twoDigits(bytes, start + pattern.year + 2)
    const month = twoDigits(bytes, start + pattern.month)
    const day = twoDigits(bytes, start + pattern.day)
    if (high < 0 || low < 0 || !isDay(high * 100 + low, month, day)) return false
    const days = daysOf(high * 100 + low, month, day)
    if (days < min || days > max) return false
    writeInt32(rows, days)
    return true
  }
}

/** -1 if there are no two digits. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30
  const ones = (bytes[at + 1] as number) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** Undefined for patterns with anything but yyyy, MM, dd and punctuation. */
function fixedPattern(pattern: string): FixedPattern | undefined {
  const year = pattern.indexOf('yyyy')
  const month = pattern.indexOf('MM')
  const day = pattern.indexOf('dd')
  const rest = pattern.replace('yyyy', '    ').replace('MM', '  ').replace('dd', '  ')
  if (year < 0 || month < 0 || day < 0 || !/^[ ./-]*$/.test(rest)) return undefined
  const literals = [...pattern].flatMap((character, at) => (/[ ./-]/.test(character) ? [{ at, byte: character.charCodeAt(0) }] : []))
  return { length: pattern.length, year, month, day, literals }
}
