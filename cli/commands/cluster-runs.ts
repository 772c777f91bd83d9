// headgate runs, of a cluster

import { onCluster } from '../cluster/connect.ts'
import { listAll } from '../cluster/look-up.ts'
import type { ClusterOptions } from '../cluster/options.ts'
import { pipelineRuns, type RunObject } from '../cluster/resources.ts'
import { phaseOf, succeededCondition } from '../cluster/run-state.ts'
import { exitCodes } from '../exit-codes.ts'
import { json, type Terminal, table } from '../output.ts'

export type ClusterRunsOptions = ClusterOptions & { pipeline?: string; limit: number }

/** Lists the runs that were created last. */
export async function clusterRunsCommand(options: ClusterRunsOptions, terminal: Terminal): Promise<number> {
  return onCluster(options, async ({ client, namespace }) => {
    const where = options.allNamespaces === true ? undefined : namespace
    const all = await listAll(client, pipelineRuns, where)
    const runs = all
      .filter(({ spec }) => options.pipeline === undefined || spec.pipelineRef.name === options.pipeline)
      .sort(latestFirst)
      .slice(0, options.limit)
    if (terminal.form === 'json') terminal.write(json({ runs }))
    else if (runs.length === 0)
      terminal.write(`No runs in ${where === undefined ? 'any namespace' : `namespace ${where}`}. ${terminal.program} trigger PIPELINE starts one.\n`)
    else
      terminal.write(
        where === undefined
          ? table(
              ['NAMESPACE', ...headings],
              runs.map((run) => [run.metadata.namespace ?? '', ...row(run)]),
            )
          : table(headings, runs.map(row)),
      )
    return exitCodes.ok
  })
}

const headings = ['RUN', 'PIPELINE', 'STATUS', 'CREATED', 'DURATION', 'READ', 'LOADED', 'QUARANTINED', 'REASON']

function row(run: RunObject): (string | number)[] {
  const { metadata, spec, status } = run
  const created = metadata.creationTimestamp?.slice(0, 19).replace('T', ' ') ?? ''
  const condition = succeededCondition(run)
  const reason = condition?.status === 'True' ? '' : (condition?.reason ?? '')
  const { read = 0, loaded = 0, quarantined = 0, parked = 0 } = status?.records ?? {}
  return [metadata.name, spec.pipelineRef.name, phaseOf(run), created, status?.duration ?? '', read, loaded, quarantined + parked, reason]
}

function latestFirst(a: RunObject, b: RunObject): number {
  const [first = '', second = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  return first === second ? (a.metadata.name < b.metadata.name ? 1 : -1) : first < second ? 1 : -1
}
