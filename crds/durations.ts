// Lengths of time as manifests write them, and as people read them. Used wherever a duration of a spec is acted upon.

const unitMilliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration such as 500ms, 30s, 5m, 2h, 90d. Throws RangeError for anything else. */
export function durationMilliseconds(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h|d)$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is not a duration; write for example 500ms, 30s, 5m, 2h or 90d`)
  return Number(match[1]) * unitMilliseconds[match[2] as keyof typeof unitMilliseconds]
}

/** Milliseconds as kubectl shows ages: 850ms, 42s, 3m12s, 2h5m, 4d3h. */
export function shortDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.floor(milliseconds))}ms`
  const seconds = Math.floor(milliseconds / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')
}
