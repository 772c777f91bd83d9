// Moments of RFC 3339: whether the day and the time exist. Called by Ajv for the format date-time.

const form = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.]\d+)?(?:Z|[+-](\d{2}):(\d{2}))$/

export function isDateTime(text: string): boolean {
  const match = form.exec(text)
  if (match === null) return false
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match.slice(1).map((part) => Number(part ?? 0)) as number[]
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59 || (zoneHour ?? 0) > 23 || (zoneMinute ?? 0) > 59) return false
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day))
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day
}
