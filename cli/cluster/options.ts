// The options of everything that talks to a cluster, named and meant as kubectl's. Used by verbs.ts.
import { type Command, InvalidArgumentError } from 'commander'
import { durationMilliseconds } from '../../crds/durations.ts'
import type { ConnectOptions } from './connect.ts'

export type ClusterOptions = ConnectOptions & { allNamespaces?: boolean }

export function withCluster(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace; by default the one of the kubeconfig’s context')
    .option('--context <name>', 'context of the kubeconfig; by default the current one')
    .option('--kubeconfig <file>', 'kubeconfig; by default KUBECONFIG, then ~/.kube/config, then a pod’s own account')
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
export function interval(text: string): { start: string; end: string } {
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

/** Milliseconds of 30s, 10m, 2h. */
export function waitingTime(text: string): number {
  try {
    const milliseconds = durationMilliseconds(text)
    if (milliseconds > 0 && milliseconds <= 2_147_483_647) return milliseconds
  } catch {}
  throw new InvalidArgumentError('give a duration such as 90s, 30m or 2h, of at most 24 days')
}
