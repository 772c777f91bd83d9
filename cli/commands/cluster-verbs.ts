// The commands that talk to a cluster, for main.ts. The code of a command is loaded when it is used.
import type { Command } from 'commander'
import { HeadgateError } from '../../sdk/errors.ts'
import { waitingTime, withCluster } from '../cluster/options.ts'
import { type CommandLine, finish, type OutputOptions, terminalOf, wholeNumber, withOutput, withStore } from '../command-line.ts'
import { withRunInput } from '../run-input.ts'
import type { ClusterRunsOptions } from './cluster-runs.ts'
import type { RunsOptions } from './runs.ts'

export function addClusterVerbs(program: Command, line: CommandLine): void {
  withOutput(
    withCluster(withRunInput(program.command('trigger').description('Start a run of a pipeline on a cluster').argument('<pipeline>', 'name of the Pipeline'))),
  )
    .option('--name <run>', 'name of the run; by default the pipeline’s with date and time')
    .option('--allow-removal', 'let this run remove more rows than quality.maxRemovedRatio allows')
    .option('--wait', 'show how it goes until it has ended; the exit code tells the outcome')
    .option('--timeout <duration>', 'with --wait: how long at most, such as 30m', waitingTime)
    .action(async (pipeline: string, options) =>
      finish(line, (await import('./trigger.ts')).triggerCommand(pipeline, options, terminalOf(line, options), line.signal), options),
    )

  withOutput(withCluster(program.command('cancel').description('Stop a run on a cluster').argument('<run>', 'name of the PipelineRun'))).action(
    async (run: string, options) => finish(line, (await import('./cancel.ts')).cancelCommand(run, options, terminalOf(line, options)), options),
  )

  withOutput(withCluster(program.command('logs').description('Show the logs of a run’s workers on a cluster').argument('<run>', 'name of the PipelineRun')))
    .option('-f, --follow', 'go on until the run has ended')
    .option('--tail <lines>', 'only the last lines of each worker', wholeNumber)
    .option('--worker <index>', 'only this worker, counted from 0', (text) => (text === '0' ? 0 : wholeNumber(text)))
    .action(async (run: string, options) =>
      finish(line, (await import('./logs.ts')).logsCommand(run, options, terminalOf(line, options), line.signal), options),
    )
}

type EitherRuns = RunsOptions & ClusterRunsOptions & { cluster?: boolean } & OutputOptions

/** `runs` reads a store or a cluster. */
export function addRuns(program: Command, line: CommandLine): void {
  withOutput(withCluster(withStore(program.command('runs').description('List the latest runs, of a store or of a cluster'))))
    .option('--cluster', 'of the cluster; also meant by -n, -A, --context, --kubeconfig, and by kubectl headgate')
    .option('-A, --all-namespaces', 'of the cluster, in all namespaces')
    .option('--pipeline <name>', 'only runs of this pipeline')
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .option('--after <cursor>', 'of a store: the next page; the page before says the cursor')
    .action((options: EitherRuns) => finish(line, listRuns(options, line), options))
}

async function listRuns(options: EitherRuns, line: CommandLine): Promise<number> {
  const { cluster, allNamespaces, namespace, context, kubeconfig, database, after } = options
  const asked = [cluster, allNamespaces, namespace, context, kubeconfig].some((option) => option !== undefined)
  if (asked && database !== undefined) {
    throw new HeadgateError('InvalidConfig', '--database reads a store, the other options a cluster: leave out one or the other')
  }
  const terminal = terminalOf(line, options)
  const ofCluster = asked || (database === undefined && line.program !== 'headgate')
  if (ofCluster && after !== undefined)
    throw new HeadgateError('InvalidConfig', '--after is for the pages of a store: raise --limit to see more runs of a cluster')
  if (ofCluster) {
    return (await import('./cluster-runs.ts')).clusterRunsCommand(options, terminal)
  }
  return (await import('./runs.ts')).runsCommand(options, terminal)
}
