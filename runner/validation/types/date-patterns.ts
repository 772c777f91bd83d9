// Declared ways of writing dates and times, such as dd.MM.yyyy HH:mm, compiled to regular expressions.

/** Parts of a date that a text gives; the others are undefined. */
export type DateParts = {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  micros: number
  /** Seconds east of UTC. */
  offset: number | undefined
}

export type DateReader = (text: string) => DateParts | undefined

const tokens: Record<string, string> = {
  yyyy: '(?<year>[0-9]{4})',
  yy: '(?<shortYear>[0-9]{2})',
  MM: '(?<month>[0-9]{2})',
  M: '(?<month>[0-9]{1,2})',
  dd: '(?<day>[0-9]{2})',
  d: '(?<day>[0-9]{1,2})',
  HH: '(?<hour>[0-9]{2})',
  H: '(?<hour>[0-9]{1,2})',
  mm: '(?<minute>[0-9]{2})',
  ss: '(?<second>[0-9]{2})',
  fraction: '(?<fraction>[0-9]{1,9})',
  zone: '(?<zone>Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)',
}

const words = /'([^']*)'|yyyy|yy|MM|M|dd|d|HH|H|mm|ss|fraction|zone|./gsu

export const isoDate = compiled(/^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})$/u)
export const isoTime = compiled(/^(?<hour>[0-9]{2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?:\.(?<fraction>[0-9]{1,9}))?)?$/u)
export const isoTimestamp = compiled(
  /^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})[Tt ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?:\.(?<fraction>[0-9]{1,9}))?)? ?(?<zone>Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?$/u,
)

/** Compiles declared patterns to one reader that tries them in order. */
export function patternReader(patterns: readonly string[]): DateReader {
  const readers = patterns.map((pattern) => compiled(patternExpression(pattern)))
  return (text) => {
    for (const read of readers) {
      const parts = read(text)
      if (parts !== undefined) return parts
    }
    return undefined
  }
}

/** Throws a SyntaxError for a token that occurs twice. */
function patternExpression(pattern: string): RegExp {
  let source = ''
  for (const [word, literal] of pattern.matchAll(words)) source += literal === undefined ? (tokens[word] ?? escaped(word)) : escaped(literal)
  return new RegExp(`^${source}$`, 'u')
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function compiled(expression: RegExp): DateReader {
  return (text) => {
    const groups = expression.exec(text)?.groups
    if (groups === undefined) return undefined
    const micros = microsOf(groups.fraction)
    const offset = offsetOf(groups.zone)
    if (micros === undefined || offset === 'wrong') return undefined
    return {
      year: groups.shortYear === undefined ? Number(groups.year ?? 2000) : wholeYear(Number(groups.shortYear)),
      month: Number(groups.month ?? 1),
      day: Number(groups.day ?? 1),
      hour: Number(groups.hour ?? 0),
      minute: Number(groups.minute ?? 0),
      second: Number(groups.second ?? 0),
      micros,
      offset,
    }
  }
}

/** 00 to 68 are 2000 to 2068, 69 to 99 are 1969 to 1999, as in POSIX. */
function wholeYear(year: number): number {
  return year < 69 ? 2000 + year : 1900 + year
}

/** Undefined if there are digits finer than a microsecond. */
function microsOf(fraction: string | undefined): number | undefined {
  if (fraction === undefined) return 0
  if (/[1-9]/.test(fraction.slice(6))) return undefined
  return Number(fraction.slice(0, 6).padEnd(6, '0'))
}

function offsetOf(zone: string | undefined): number | undefined | 'wrong' {
  if (zone === undefined) return undefined
  if (zone === 'Z' || zone === 'z' || zone === 'UTC') return 0
  const digits = zone.slice(1).replace(':', '')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2) || 0)
  if (hours > 15 || minutes > 59) return 'wrong'
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60)
}
