// headgate trigger PIPELINE
import { checkTemplates } from '../../runner/templates/paths.ts'
import { HeadgateError } from '../../sdk/errors.ts'
import { type Cluster, type ConnectOptions, onCluster } from '../cluster/connect.ts'
import { followRun } from '../cluster/follow.ts'
import { liveLine } from '../cluster/live-line.ts'
import { findPipeline } from '../cluster/look-up.ts'
import { createRun, type NewRun } from '../cluster/new-run.ts'
import type { PipelineObject, RunObject } from '../cluster/resources.ts'
import { countsOf, hasEnded, messageOf, outcomeCode, phaseOf } from '../cluster/run-state.ts'
import { exitCodes } from '../exit-codes.ts'
import { json, styled, type Terminal } from '../output.ts'
import { momentsOf, type RunInput } from '../run-input.ts'

export type TriggerOptions = ConnectOptions &
  RunInput & {
    name?: string
    allowRemoval?: boolean
    wait?: boolean
    /** Milliseconds. */
    timeout?: number
  }

/** Creates a PipelineRun. With `wait` the exit code is its result. */
export async function triggerCommand(pipeline: string, options: TriggerOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  if (options.timeout !== undefined && options.wait !== true) throw new HeadgateError('InvalidConfig', '--timeout is how long to wait: add --wait')
  return onCluster(options, async (cluster) => {
    const { param: params, interval, name, allowRemoval = false } = options
    const request = { ...(name && { name }), ...(params && { params }), ...(interval && { interval }), allowRemoval, now: new Date() }
    const found = await findPipeline(cluster, pipeline)
    checkInput(found, request)
    const run = await createRun(cluster, found, request)
    if (options.wait === true) return wait(cluster, run, options, terminal, signal)
    terminal.write(terminal.form === 'json' ? json(run) : whatNext(run, terminal))
    return exitCodes.ok
  })
}

/** Throws InvalidParams if the run would fail for want of a parameter or an interval. */
function checkInput({ spec, metadata }: PipelineObject, { name = metadata.name, params = {}, interval, now }: NewRun): void {
  checkTemplates(spec, { name, createdAt: now, params, interval: interval && momentsOf(interval) })
}

async function wait(cluster: Cluster, begun: RunObject, { timeout }: TriggerOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const line = terminal.form === 'json' ? { show: () => {}, clear: () => {} } : liveLine(process.stderr, () => performance.now())
  const until = timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)])
  let run: RunObject
  try {
    run = await followRun(cluster, begun, { signal: until, onChange: line.show })
  } finally {
    line.clear()
  }
  terminal.write(terminal.form === 'json' ? json(run) : hasEnded(run) ? summary(run, terminal) : goesOn(run, terminal, signal.aborted))
  if (hasEnded(run)) return outcomeCode(run)
  return signal.aborted ? exitCodes.interrupted : exitCodes.unfinished
}

function whatNext({ metadata: { name, namespace } }: RunObject, { program }: Terminal): string {
  return [
    `pipelinerun.headgate.dev/${name} created in namespace ${namespace}\n`,
    `  kubectl get pipelineruns.headgate.dev ${name} -n ${namespace} -w\n`,
    `  ${program} logs ${name} -n ${namespace} -f\n`,
    `  ${program} cancel ${name} -n ${namespace}\n`,
  ].join('')
}

function summary(run: RunObject, terminal: Terminal): string {
  const good = outcomeCode(run) === exitCodes.ok
  const took = run.status?.duration === undefined ? '' : ` in ${run.status.duration}`
  const lines = [`${run.metadata.name}  ${styled(terminal, good ? 'green' : 'red', phaseOf(run))}${took}`, countsOf(run.status), messageOf(run)]
  return lines
    .filter((line) => line !== '')
    .map((line, place) => `${place === 0 ? '' : '  '}${line}\n`)
    .join('')
}

function goesOn(run: RunObject, { program }: Terminal, stopped: boolean): string {
  const { name, namespace } = run.metadata
  const why = stopped ? 'Waiting was stopped' : 'The time to wait is over'
  return `${why}; the run goes on (${phaseOf(run)}). To stop it: ${program} cancel ${name} -n ${namespace}\n`
}
