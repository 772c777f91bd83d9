// The placeholders that a pipeline may hold, such as {{ params.region }}. Descriptions, `headgate check` and the runner go by this list.

/** The meaning of each placeholder. There is also params.NAME for each parameter. */
export const placeholders = {
  'run.name': 'name of the run, without its namespace',
  'run.date': 'day on which the run was begun, UTC, such as 2026-03-01; a resumed run keeps it',
  'interval.start': 'first moment of the run’s interval, UTC, such as 2026-03-01T06:00:00Z',
  'interval.end': 'first moment after the run’s interval, UTC',
  'interval.date': 'day of interval.start, UTC, such as 2026-03-01',
} as const

export type Placeholder = keyof typeof placeholders | `params.${string}`

export function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(placeholders, name) || /^params\.[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)
}
