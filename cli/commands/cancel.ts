// headgate cancel RUN
import { HeadgateError } from '../../sdk/errors.ts'
import { type ConnectOptions, onCluster } from '../cluster/connect.ts'
import { findRun } from '../cluster/look-up.ts'
import { pipelineRuns } from '../cluster/resources.ts'
import { hasEnded, phaseOf } from '../cluster/run-state.ts'
import { exitCodes } from '../exit-codes.ts'
import { json, type Terminal } from '../output.ts'

/** Asks the run to stop after its current batch. This cannot be undone, and may be repeated. */
export async function cancelCommand(name: string, options: ConnectOptions, terminal: Terminal): Promise<number> {
  return onCluster(options, async (cluster) => {
    const run = await findRun(cluster, name)
    const phase = phaseOf(run)
    if (hasEnded(run) && phase !== 'Cancelled') throw new HeadgateError('RunEnded', `run ${name} has ended as ${phase}; there is nothing to cancel`)
    const asked = hasEnded(run) || run.spec.cancel === true
    const cancelled = asked ? run : await cluster.client.patch(pipelineRuns, name, cluster.namespace, { spec: { cancel: true } })
    const said = phase === 'Cancelled' ? 'is cancelled already' : asked ? 'was asked to stop before' : 'is asked to stop; its workers finish the batch in hand'
    terminal.write(terminal.form === 'json' ? json(cancelled) : `pipelinerun.headgate.dev/${name} ${said}\n`)
    return exitCodes.ok
  })
}
