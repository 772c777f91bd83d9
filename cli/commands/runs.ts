// headgate runs
import { listRuns, type Run } from '../../store/runs.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ListOptions, nextPage, option } from '../next-page.ts'
import { duration, json, type Terminal, table } from '../output.ts'
import { openStore } from './store.ts'

export type RunsOptions = ListOptions & { pipeline?: string }

/** Lists the latest runs. */
export async function runsCommand(options: RunsOptions, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    const { items: runs, next } = await listRuns(store.session, options)
    if (terminal.form === 'json') terminal.write(json({ runs, next }))
    else if (runs.length === 0) terminal.write('No runs yet. Start one with: headgate run PIPELINE.yaml\n')
    else terminal.write(`${table(headings, runs.map(row))}${nextPage(terminal, ['runs', ...option('pipeline', options.pipeline)], options, next)}`)
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
