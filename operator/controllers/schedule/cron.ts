// Reads a schedule's cron expression, so that the operator can tell the ticks before and after a moment (ticks.ts).
// Whether an expression is accepted is the API server's to say, by the CronJob; what is unknown here only leaves those moments out.
import { type CronFields, parseCron as parse } from '../../../crds/cron.ts'

/** Undefined if this is no cron expression. */
export function parseCron(expression: string): CronFields | undefined {
  try {
    return parse(expression)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
