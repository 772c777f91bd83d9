// The headgate command. The code of a subcommand is loaded when it is used, so that starting stays fast.
import { Command, Option } from 'commander'
import { collected, finish, terminalOf, wholeNumber, withOutput, withStore } from './command-line.ts'
import { addClusterVerbs, addRuns } from './commands/cluster-verbs.ts'
import { cliConfig } from './config.ts'
import { exitCodes } from './exit-codes.ts'
import { withRunInput } from './run-input.ts'
import { stopSignal } from './stop.ts'
import { packageVersion } from './version.ts'

const line = { program: cliConfig().program, signal: stopSignal() }

const program = new Command(line.program)
  .description('Validated, exactly-once loading into PostgreSQL')
  .version(packageVersion(), '--version', 'print the version')
  .showHelpAfterError(`(${line.program} --help lists the commands)`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))

withOutput(
  withStore(withRunInput(program.command('run').description('Run a pipeline once, on this machine').argument('<pipeline.yaml>', 'manifest with one Pipeline'))),
)
  .option('--workers <n>', 'worker processes, instead of spec.workers', wholeNumber)
  .option('--name <run>', 'name of the run; the same name again goes on with that run')
  .option('--resume', 'go on with the pipeline’s interrupted run')
  .option('--allow-removal', 'let this run remove more rows than quality.maxRemovedRatio allows')
  .action(async (file: string, options) =>
    finish(line, (await import('./commands/run.ts')).runCommand(file, options, terminalOf(line, options), line.signal), options),
  )

withOutput(program.command('check').description('Check manifests without a cluster or database').argument('<pipeline.yaml...>')).action(
  async (files: string[], options) => finish(line, (await import('./check/command.ts')).checkCommand(files, options), options),
)

addClusterVerbs(program, line)
addRuns(program, line)

const quarantine = program.command('quarantine').description('Rejected records and their evidence')

withOutput(withStore(quarantine.command('list').description('List rejected records, latest first')))
  .option('--pipeline <name>', 'only of this pipeline')
  .option('--run <name>', 'only what this run rejected')
  .addOption(new Option('--state <state>', 'only in this state').choices(['open', 'parked', 'corrected', 'replayed', 'superseded', 'discarded']))
  .option('--code <code>', 'only with this error, such as type.integer')
  .option('--limit <n>', 'how many', wholeNumber, 50)
  .option('--after <cursor>', 'the next page; the page before says the cursor')
  .action(async (options) => finish(line, (await import('./commands/quarantine.ts')).quarantineListCommand(options, terminalOf(line, options)), options))

withOutput(withStore(quarantine.command('show').description('Show one rejected record whole').argument('<id>', 'number of the entry', wholeNumber)))
  .option('--raw', 'show sensitive values and the raw bytes that hold them, too')
  .action(async (id: number, options) =>
    finish(line, (await import('./commands/quarantine.ts')).quarantineShowCommand(id, options, terminalOf(line, options)), options),
  )

withOutput(
  withStore(quarantine.command('discard').description('Close one rejected record without loading it').argument('<id>', 'number of the entry', wholeNumber)),
)
  .requiredOption('--reason <text>', 'why; kept with the entry')
  .action(async (id: number, options) =>
    finish(line, (await import('./commands/quarantine.ts')).quarantineDiscardCommand(id, options, terminalOf(line, options)), options),
  )

withOutput(
  withStore(
    program.command('trace').description('Tell where a row came from').argument('<table>', 'schema.table').argument('<key...>', 'values of its primary key'),
  ),
).action(async (table: string, key: string[], options) =>
  finish(line, (await import('./commands/trace.ts')).traceCommand(table, key, options, terminalOf(line, options)), options),
)

const store = program.command('store').description('The database that holds runs and quarantine')

withOutput(
  withStore(
    store
      .command('tenant')
      .description('Let a role work on the pipelines of one namespace, and create it if it is missing')
      .argument('<namespace>', 'of the pipelines; * for all'),
  ),
)
  .option('--role <role>', 'name of the role; by default headgate_<namespace>')
  .option('--schema <schema>', 'schema to load into, created if it is missing; may be given several times', collected)
  .option('--create-schemas', 'let the role create schemas of its own')
  .action(async (namespace: string, options) =>
    finish(line, (await import('./commands/tenant.ts')).tenantCommand(namespace, options, terminalOf(line, options)), options),
  )

withOutput(program.command('demo').description('Load real public data into an embedded PostgreSQL'))
  .option('--once', 'for scripts: no questions, end when done')
  .action(async (options) => finish(line, (await import('./commands/demo.ts')).demoCommand(options, terminalOf(line, options), line.signal), options))

await program.parseAsync()
