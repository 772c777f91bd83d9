// What a run is given besides its pipeline: parameters and an interval. The same options for a run of this machine and one of a cluster.
import { type Command, InvalidArgumentError } from 'commander'
import type { Interval } from '../crds/pipeline-run.ts'

export type RunInput = { param?: Record<string, string>; interval?: Interval }

export function withRunInput(command: Command): Command {
  return command
    .option('--param <name=value>', 'value for a placeholder; may be given several times', parameter)
    .option('--interval <start/end>', 'stretch of time the run is about, such as 2026-03-01/2026-03-02', interval)
}

/** The interval as the store and the runner have it. */
export function momentsOf({ start, end }: Interval): { start: Date; end: Date } {
  return { start: new Date(start), end: new Date(end) }
}

/** `k=v`, given any number of times. */
export function parameter(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]{0,62})=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('give NAME=VALUE; a name consists of letters, digits and underscores')
  if (Object.hasOwn(earlier, name)) throw new InvalidArgumentError(`${name} is given twice`)
  return { ...earlier, [name]: value }
}

const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** `START/END`: moments with a zone, or days, which begin at midnight UTC. */
export function interval(text: string): Interval {
  const [start, end, ...rest] = text.split('/').map(momentOf)
  if (start === undefined || end === undefined || rest.length > 0) {
    throw new InvalidArgumentError('give START/END, such as 2026-03-01/2026-03-02 or 2026-03-01T06:00:00Z/2026-03-01T12:00:00+02:00')
  }
  if (Date.parse(start) >= Date.parse(end)) throw new InvalidArgumentError('the interval must start before it ends')
  return { start, end }
}

/** The seconds that RFC 3339 wants are filled in; undefined for what is no moment. */
function momentOf(text: string): string | undefined {
  const [day = '', time] = text.split('T')
  const full = time === undefined ? `${day}T00:00:00Z` : `${day}T${time.replace(/^(\d{2}:\d{2})(?!:\d{2}[.\dZ+-])/, '$1:00')}`
  const calendar = new Date(`${day}T00:00:00Z`)
  if (!moment.test(text) || Number.isNaN(Date.parse(full)) || calendar.toISOString().slice(0, 10) !== day) return undefined
  return full
}
