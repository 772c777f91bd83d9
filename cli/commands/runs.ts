// headgate runs
import { listRuns, type Run } from '../../store/runs.ts'
import { exitCodes } from '../exit-codes.ts'
import { duration, json, type Terminal, table } from '../output.ts'
import { openStore } from './store.ts'

export type RunsOptions = { database?: string; pipeline?: string; limit: number }

/** Lists the latest runs. */
export async function runsCommand(options: RunsOptions, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    const runs = await listRuns(store.session, options.pipeline === undefined ? { limit: options.limit } : { pipeline: options.pipeline, limit: options.limit })
    if (terminal.form === 'json') terminal.write(json(runs))
    else terminal.write(runs.length === 0 ? 'No runs yet. Start one with: headgate run PIPELINE.yaml\n' : table(headings, runs.map(row)))
    return exitCodes.ok
  } finally {
    await store.close()
  }
}

const headings = ['RUN', 'STATE', 'STARTED', 'DURATION', 'READ', 'LOADED', 'UNCHANGED', 'SUPERSEDED', 'QUARANTINED', 'REMOVED', 'FAILURE']

function row({ name, state, startedAt, finishedAt, counts, failure }: Run): (string | number)[] {
  const took = startedAt === undefined || finishedAt === undefined ? '' : duration(finishedAt.getTime() - startedAt.getTime())
  const started = startedAt?.toISOString().slice(0, 19).replace('T', ' ') ?? ''
  const { read, loaded, unchanged, superseded, quarantined, parked, removed } = counts
  return [name, state, started, took, read, loaded, unchanged, superseded, quarantined + parked, removed, failure?.code ?? '']
}
