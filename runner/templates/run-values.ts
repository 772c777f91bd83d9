// The values of placeholders for a run.
import type { Placeholder } from '../../crds/placeholders.ts'
import { HeadgateError, type RunContext } from '../../sdk/index.ts'

export type TemplateRun = Pick<RunContext, 'name' | 'createdAt' | 'params' | 'interval'>

/** Throws InvalidParams if the run has no such value. */
export function runValue(placeholder: Placeholder, run: TemplateRun): string {
  switch (placeholder) {
    case 'run.name':
      return run.name.slice(run.name.lastIndexOf('/') + 1)
    case 'run.date':
      return day(run.createdAt)
    case 'interval.start':
      return moment(intervalOf(run, placeholder).start)
    case 'interval.end':
      return moment(intervalOf(run, placeholder).end)
    case 'interval.date':
      return day(intervalOf(run, placeholder).start)
    default:
      return paramOf(run, placeholder.slice('params.'.length))
  }
}

function moment(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function intervalOf({ name, interval }: TemplateRun, placeholder: Placeholder): NonNullable<TemplateRun['interval']> {
  if (interval !== undefined) return interval
  throw new HeadgateError('InvalidParams', `run ${name} has no interval for {{ ${placeholder} }}; start it with --interval START/END, or by a schedule`)
}

function paramOf({ name, params }: TemplateRun, param: string): string {
  if (Object.hasOwn(params, param)) return params[param] as string
  const given = Object.keys(params)
  const has = given.length === 0 ? 'no params' : `only the params ${given.join(', ')}`
  throw new HeadgateError('InvalidParams', `run ${name} has ${has}, and the pipeline needs ${param}; start it with --param ${param}=VALUE`)
}
