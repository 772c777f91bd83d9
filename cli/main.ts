// The headgate command. Each subcommand's code is loaded when it is asked for, so that starting stays quick.
import { Command, InvalidArgumentError, Option } from 'commander'
import { HeadgateError } from '../sdk/errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { Terminal } from './output.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const program = new Command('headgate')
  .description('Validated, exactly-once loading into PostgreSQL')
  .showHelpAfterError('(headgate --help lists the commands)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))

withOutput(withStore(program.command('run').description('Run a pipeline once, on this machine').argument('<pipeline.yaml>', 'manifest with one Pipeline')))
  .option('--workers <n>', 'worker processes, instead of spec.workers', wholeNumber)
  .option('--name <run>', 'name of the run; the same name again goes on with that run')
  .option('--resume', 'go on with the pipeline’s interrupted run')
  .action(async (file: string, options) => finish((await import('./commands/run.ts')).runCommand(file, options, terminal(options), stop.signal), options))

withOutput(program.command('check').description('Check manifests without a cluster or database').argument('<pipeline.yaml...>')).action(
  async (files: string[], options) => finish((await import('./check/command.ts')).checkCommand(files, options), options),
)

withOutput(withStore(program.command('runs').description('List the latest runs')))
  .option('--pipeline <name>', 'only runs of this pipeline')
  .option('--limit <n>', 'how many', wholeNumber, 20)
  .action(async (options) => finish((await import('./commands/runs.ts')).runsCommand(options, terminal(options)), options))

const quarantine = program.command('quarantine').description('Rejected records and their evidence')

withOutput(withStore(quarantine.command('list').description('List rejected records, latest first')))
  .option('--pipeline <name>', 'only of this pipeline')
  .option('--run <name>', 'only what this run rejected')
  .addOption(new Option('--state <state>', 'only in this state').choices(['open', 'parked', 'corrected', 'replayed', 'superseded', 'discarded']))
  .option('--code <code>', 'only with this error, such as type.integer')
  .option('--limit <n>', 'how many', wholeNumber, 50)
  .action(async (options) => finish((await import('./commands/quarantine.ts')).quarantineListCommand(options, terminal(options)), options))

withOutput(withStore(quarantine.command('show').description('Show one rejected record whole').argument('<id>', 'number of the entry', wholeNumber)))
  .option('--raw', 'show sensitive values and the raw bytes that hold them, too')
  .action(async (id: number, options) => finish((await import('./commands/quarantine.ts')).quarantineShowCommand(id, options, terminal(options)), options))

withOutput(
  withStore(
    program.command('trace').description('Tell where a row came from').argument('<table>', 'schema.table').argument('<key...>', 'values of its primary key'),
  ),
).action(async (table: string, key: string[], options) =>
  finish((await import('./commands/trace.ts')).traceCommand(table, key, options, terminal(options)), options),
)

withOutput(program.command('demo').description('Load real public data into an embedded PostgreSQL'))
  .option('--once', 'for scripts: no questions, end when done')
  .action(async (options) => finish((await import('./commands/demo.ts')).demoCommand(options, terminal(options), stop.signal), options))

await program.parseAsync()

type OutputOptions = { output?: 'text' | 'json' }

function withOutput(command: Command): Command {
  return command.addOption(new Option('--output <form>', 'text for people, json for programs').choices(['text', 'json']).default('text'))
}

function withStore(command: Command): Command {
  return command.option('--database <url>', 'PostgreSQL to use; without one, an embedded one under .headgate/')
}

function terminal(options: OutputOptions): Terminal {
  return {
    form: options.output ?? 'text',
    colours: process.stdout.isTTY === true && process.stdout.hasColors(),
    write: (text) => process.stdout.write(text),
  }
}

/** Sets the exit code, and tells of a failure in the form that was asked for. */
async function finish(command: Promise<number>, { output }: OutputOptions): Promise<void> {
  try {
    process.exitCode = await command
  } catch (error) {
    const known = error instanceof HeadgateError
    const code = known ? error.code : 'Internal'
    const message = known ? error.message : ((error as Error).stack ?? String(error))
    if (output === 'json') process.stdout.write(`${JSON.stringify({ error: { code, message } }, undefined, 2)}\n`)
    else process.stderr.write(`headgate: ${code}: ${message}\n`)
    process.exitCode = stop.signal.aborted ? exitCodes.interrupted : isUsage(code) ? exitCodes.usage : exitCodes.failed
  }
}

function isUsage(code: string): boolean {
  return code === 'InvalidPipeline' || code === 'InvalidConfig'
}

function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give a whole number of at least 1')
}
