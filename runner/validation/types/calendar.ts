// The calendar, by arithmetic only: no Date, no local zone. Days are counted from 2000-01-01, as PostgreSQL does.

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
export const secondsPerDay = 86400
/** Days from 1970-01-01 to 2000-01-01. */
export const unixToPostgresDays = 10957

export function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Whether the day exists, in years 1 to 9999. */
export function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false
  return day <= (monthDays[month - 1] as number) + (month === 2 && isLeap(year) ? 1 : 0)
}

/** Days since 2000-01-01 of an existing day. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const monthFromMarch = month > 2 ? month - 3 : month + 9
  const century = Math.floor(shifted / 100)
  return 365 * shifted + Math.floor(shifted / 4) - century + Math.floor(century / 4) + Math.floor((153 * monthFromMarch + 2) / 5) + day - 1 - 730425
}

/** YYYY-MM-DD of a count of days since 2000-01-01. */
export function dateText(days: number): string {
  const fromMarch = days + 730425
  const era = Math.floor(fromMarch / 146097)
  const inEra = fromMarch - era * 146097
  const yearOfEra = Math.floor((inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36524) - Math.floor(inEra / 146096)) / 365)
  const inYear = inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * inYear + 2) / 153)
  const day = inYear - Math.floor((153 * month + 2) / 5) + 1
  const year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
  return `${padded(year, 4)}-${padded(month < 10 ? month + 3 : month - 9, 2)}-${padded(day, 2)}`
}

/** HH:MM:SS with up to six digits of a second, without zeros at the end. */
export function timeText(seconds: number, micros: number): string {
  const clock = `${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}:${padded(seconds % 60, 2)}`
  return micros === 0 ? clock : `${clock}.${padded(micros, 6).replace(/0+$/, '')}`
}

/** Days since 2000-01-01 of YYYY-MM-DD. */
export function daysOfText(date: string): number {
  return daysOf(Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10)))
}

/** Seconds of the day and microseconds of HH:MM:SS[.ffffff]; `from` is where it begins. */
export function clockOfText(text: string, from: number): { seconds: number; micros: number } {
  const seconds = Number(text.slice(from, from + 2)) * 3600 + Number(text.slice(from + 3, from + 5)) * 60 + Number(text.slice(from + 6, from + 8))
  const fraction = /^\.([0-9]{1,6})/.exec(text.slice(from + 8))?.[1] ?? ''
  return { seconds, micros: Number(fraction.padEnd(6, '0')) }
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
