// Fast cell of timestamp: ISO 8601 with seconds, to microseconds since 2000-01-01.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt64 } from '../../copy/fast-write.ts'
import { daysOf, isDay, secondsPerDay } from './calendar.ts'
import { twoDigits } from './date-cell.ts'
import type { Cell } from './field-type.ts'
import { type ToUtc, zoneReader } from './zones.ts'

const hyphen = 0x2d
const colon = 0x3a

export function timestampCell(field: Field, column: DestinationColumn): Cell | undefined {
  const bounded = field.min !== undefined || field.max !== undefined
  if (bounded || field.patterns !== undefined || (column.type !== 'timestamp' && column.type !== 'timestamptz')) return undefined
  const toUtc = field.zone === undefined || field.zone === 'reject' ? undefined : zoneReader(field.zone)
  const finest = column.modifier < 0 ? 1 : 10 ** Math.max(0, 6 - column.modifier)
  return (bytes, start, end, rows) => {
    const wall = wallSeconds(bytes, start, end)
    if (wall === undefined) return false
    let at = start + 19
    let micros = 0
    if (bytes[at] === 0x2e && at < end) {
      at = skipDigits(bytes, at + 1, end)
      const digits = at - start - 20
      if (digits < 1 || digits > 6) return false
      micros = fraction(bytes, start + 20, at) * 10 ** (6 - digits)
    }
    const seconds = utcSeconds(bytes, at, end, wall, toUtc)
    if (seconds === undefined || micros % finest !== 0) return false
    const total = seconds * 1e6 + micros
    if (!Number.isSafeInteger(total)) return false
    writeInt64(rows, total)
    return true
  }
}

/** Seconds since 2000-01-01 of YYYY-MM-DD[T ]HH:MM:SS; undefined for any other text. */
function wallSeconds(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < 19) return undefined
  const separator = bytes[start + 10]
  if (bytes[start + 4] !== hyphen || bytes[start + 7] !== hyphen || (separator !== 0x54 && separator !== 0x20)) return undefined
  if (bytes[start + 13] !== colon || bytes[start + 16] !== colon) return undefined
  const century = twoDigits(bytes, start)
  const year = century * 100 + twoDigits(bytes, start + 2)
  const month = twoDigits(bytes, start + 5)
  const day = twoDigits(bytes, start + 8)
  const hour = twoDigits(bytes, start + 11)
  const minute = twoDigits(bytes, start + 14)
  const second = twoDigits(bytes, start + 17)
  if (century < 10 || twoDigits(bytes, start + 2) < 0 || !isDay(year, month, day)) return undefined
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined
  return daysOf(year, month, day) * secondsPerDay + hour * 3600 + minute * 60 + second
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++
  return at
}

function fraction(bytes: Uint8Array, from: number, end: number): number {
  let value = 0
  for (let at = from; at < end; at++) value = value * 10 + (bytes[at] as number) - 0x30
  return value
}

/** The zone after the time: nothing, Z, or an offset such as +02:00 or +02. */
function utcSeconds(bytes: Uint8Array, at: number, end: number, wall: number, toUtc: ToUtc | undefined): number | undefined {
  if (at === end) return toUtc?.(wall)
  const sign = bytes[at]
  if (sign === 0x5a) return end - at === 1 ? wall : undefined
  if (sign !== 0x2b && sign !== hyphen) return undefined
  const hours = twoDigits(bytes, at + 1)
  if (end - at !== 3 && (end - at !== 6 || bytes[at + 3] !== colon)) return undefined
  const minutes = end - at === 3 ? 0 : twoDigits(bytes, at + 4)
  if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59) return undefined
  const offset = hours * 3600 + minutes * 60
  return sign === hyphen ? wall + offset : wall - offset
}
