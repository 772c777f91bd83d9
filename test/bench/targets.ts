// What Headgate has set itself: a speed relative to psql, or a time relative to psql's.

export type Target =
  /** psql's time divided by ours is at least this. */
  | { ratio: number }
  /** Our time is at most so many times psql's, plus so many seconds for starting up. */
  | { times: number; plusSeconds: number }

export function describeTarget(target: Target | undefined): string {
  if (target === undefined) return ''
  return 'ratio' in target ? `≥ ${target.ratio.toFixed(2)}×` : `≤ ${target.times} × psql + ${target.plusSeconds} s`
}

/** `seconds` and `baseSeconds` are those of one round, or medians. */
export function isMet(target: Target, ratio: number, seconds: number, baseSeconds: number): boolean {
  return 'ratio' in target ? ratio >= target.ratio : seconds <= target.times * baseSeconds + target.plusSeconds
}
