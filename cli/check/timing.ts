// Checks a schedule: whether its expression and zone are valid, and whether it ever ticks.
import { canTick, parseCron } from '../../crds/cron.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { closest } from '../../crds/suggest.ts'
import type { Finding, IsValid } from './problem.ts'

const at = ['spec', 'schedule']

/** Checks the schedule of a pipeline, if its shape is right. */
export function checkTiming(pipeline: Pipeline, isValid: IsValid): Finding[] {
  const schedule = pipeline?.spec?.schedule
  if (!schedule || !isValid(at)) return []
  return [...cron(schedule.cron), ...zone(schedule.timeZone)]
}

function cron(expression: string): Finding[] {
  const place = { path: [...at, 'cron'], code: 'cron.invalid' }
  try {
    if (canTick(parseCron(expression))) return []
    return [{ ...place, message: `${expression} names a date that never comes: correct it` }]
  } catch (error) {
    return [{ ...place, message: `${(error as Error).message}: correct it` }]
  }
}

function zone(name: string | undefined): Finding[] {
  if (name === undefined || exists(name)) return []
  const suggestion = closest(name, ['UTC', ...Intl.supportedValuesOf('timeZone')])
  const message = `no zone is called ${name}: use UTC or an IANA name such as Europe/Berlin`
  return [{ path: [...at, 'timeZone'], code: 'zone.unknown', message, ...(suggestion === undefined ? {} : { suggestion }) }]
}

function exists(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    // Offsets such as +02:00 are zones to Intl and not to Kubernetes.
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}
