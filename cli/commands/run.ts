// headgate run PIPELINE.yaml
import { sliceCounts } from '../../store/slices.ts'
import { loadPipeline } from '../check/load.ts'
import { exitCodes } from '../exit-codes.ts'
import { progressBar } from '../local/progress.ts'
import { type RunReport, runPipeline } from '../local/run-pipeline.ts'
import { runSummary } from '../local/summary.ts'
import { json, type Terminal } from '../output.ts'
import { momentsOf, type RunInput } from '../run-input.ts'
import { type OpenStore, openStore } from './store.ts'

export type RunCommandOptions = RunInput & { database?: string; workers?: number; name?: string; resume?: boolean; allowRemoval?: boolean }

/** Runs the pipeline, and prints the result. */
export async function runCommand(file: string, options: RunCommandOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const pipeline = await loadPipeline(file)
  const store = await openStore(options.database, signal)
  try {
    const report = await runWithProgress({ file, options, terminal, signal, store, pipeline })
    terminal.write(terminal.form === 'json' ? json(report) : runSummary(terminal, report))
    if (report.run.state === 'Succeeded') return exitCodes.ok
    return signal.aborted ? exitCodes.interrupted : exitCodes.failed
  } finally {
    await store.close()
  }
}

type Running = {
  file: string
  options: RunCommandOptions
  terminal: Terminal
  signal: AbortSignal
  store: OpenStore
  pipeline: Awaited<ReturnType<typeof loadPipeline>>
}

/** Draws a progress bar while the pipeline runs, on a terminal. */
export async function runWithProgress({ file, options, terminal, signal, store, pipeline }: Running): Promise<RunReport> {
  const { database: _, param: params = {}, interval, ...request } = options
  let runId: number | undefined
  const bytes = async () => (runId === undefined ? undefined : (await sliceCounts(store.session, runId)).bytes)
  let bar: ReturnType<typeof progressBar> | undefined
  try {
    return await runPipeline({
      ...request,
      params,
      ...(interval && { interval: momentsOf(interval) }),
      file,
      pipeline,
      databaseUrl: store.url,
      signal,
      now: new Date(),
      onStart: ({ run }) => {
        runId = run.id
        bar = progressBar(pipeline.metadata.name, bytes, process.stderr.isTTY && terminal.form === 'text')
      },
      onProgress: (progress) => bar?.update(progress),
    })
  } finally {
    bar?.stop()
  }
}
