// Work: the pipeline's parts, the store sessions and the state that one worker uses for one run. Opened and closed by runWorker.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment, RunContext } from '../../sdk/index.ts'
import { QueryPriority } from '../../store/query-priority.ts'
import { type Run, recordEvent } from '../../store/runs.ts'
import { StoreSession } from '../../store/session.ts'
import { sessionName } from '../../store/sessions.ts'
import type { Coordination } from '../coordination/coordination.ts'
import { runEnvironment } from '../environment.ts'
import { encodes } from '../loaders/capabilities.ts'
import type { StuckOptions } from '../plugins/watchdog.ts'
import type { RecordProgram } from '../records/program.ts'
import { reportedMessage } from '../reports/reported-message.ts'
import { type Retries, retrying, retryPolicy } from '../retry.ts'
import { missingPolicy } from '../validation/missing.ts'
import { compileProgram } from '../validation/program.ts'
import { sqlReferences } from '../validation/references.ts'
import { type RunKeys, runKeys } from './accepted-keys.ts'
import { type Assembly, assemble } from './assembly.ts'
import type { BatchSource } from './batches.ts'
import type { Commit } from './commit.ts'
import { planRun } from './plan.ts'
import { PlanAttempts } from './plan-attempts.ts'
import { RejectBrake } from './reject-brake.ts'

/** How long `close` waits for the last events to be written, in case the store does not respond. */
const closeTimeoutMilliseconds = 5000

export type WorkOptions = {
  /** Folder that relative paths of the pipeline are resolved against. */
  folder: string
  /** The run, with the spec that was current when it was created. Later edits of the pipeline do not affect the run. */
  run: Run
  databaseUrl: string
  coordination: Coordination
  /** When aborted, the worker stops after the batch that it is committing and releases its slice. */
  signal: AbortSignal
  /** How long a claim stays valid without a renewal in the store. Default: 60 000. */
  leaseMilliseconds?: number
  /** Overrides members of the environment that the parts use. Default: the environment of this process. */
  environment?: Partial<Environment>
  /** Makes the parts. Default: `assemble`. */
  assemble?: typeof assemble
  /** What to do if a plugin blocks the event loop. Default: the process exits with code 1. */
  stuck?: StuckOptions
  /** Called with every event that is added to the run's history. */
  onEvent?: (code: string, message: string) => void
}

/** State that exists once the run is planned. `plan`: the value that the loader's `prepare` returned. */
type Planned = { plan: unknown; keys: RunKeys; program: RecordProgram }

/** Everything that the stages of one worker share. Call `plan` before reading `source` or `commit`. */
export class Work {
  readonly run: Run
  /** Name of the worker. */
  readonly worker: string
  readonly assembly: Assembly
  readonly context: RunContext
  readonly coordination: Coordination
  readonly retries: Retries
  /** For claims and batch transactions. */
  readonly session: StoreSession
  /** For lookups, events and lease renewals while a batch transaction is open. */
  readonly sideSession: StoreSession
  readonly leaseMilliseconds: number | undefined
  readonly brake: RejectBrake
  readonly onEvent: WorkOptions['onEvent']
  readonly #priority = new QueryPriority()
  readonly #over = new AbortController()
  #cancelled = false
  /** Resolves when all events so far have been written. */
  #eventsWritten: Promise<unknown> = Promise.resolve()
  #planned: Planned | undefined

  constructor(options: WorkOptions, worker: string, assembly: Assembly) {
    this.run = options.run
    this.worker = worker
    this.assembly = assembly
    this.coordination = options.coordination
    const name = sessionName(this.worker, options.run.name)
    this.session = new StoreSession(options.databaseUrl, name, this.#priority)
    this.sideSession = new StoreSession(options.databaseUrl, name)
    this.onEvent = options.onEvent
    this.leaseMilliseconds = options.leaseMilliseconds
    this.brake = new RejectBrake(options.run.spec.quality, options.run.workers)
    const signal = AbortSignal.any([options.signal, this.#over.signal])
    this.context = runContext(options, signal, (code, message) => this.#report(code, message))
    this.retries = {
      policy: retryPolicy(options.run.spec),
      signal,
      onRetry: (error, wait) => this.#report(error.code, `${reportedMessage(options.run.spec, error)}; retrying in ${wait} ms`),
    }
  }

  /** Whether cancellation of the run was requested. */
  get cancelled(): boolean {
    return this.#cancelled
  }

  /** Marks the run for cancellation and stops working. */
  cancel(): void {
    this.#cancelled = true
    this.abandon()
  }

  /** Stops working on the run. */
  abandon(): void {
    this.#over.abort()
  }

  get source(): BatchSource {
    const { extractor, loader } = this.assembly
    return { extractor, program: this.#ready.program, run: this.context, encoded: encodes(loader), priority: this.#priority }
  }

  get commit(): Commit {
    const { plan, keys } = this.#ready
    return { run: this.context, destination: this.run.destination, loader: this.assembly.loader, plan, keys }
  }

  /** Plans the run, or waits until another worker has planned it, and compiles the record program. */
  async plan(): Promise<void> {
    const { assembly, context: run, worker, session, coordination, leaseMilliseconds, retries } = this
    const { spec, workers } = this.run
    const onSeveralMachines = workers > 1 && !coordination.oneMachine
    const attempts = new PlanAttempts({ session, enrolled: { run: run.id, worker }, retries, leaseMilliseconds, onSeveralMachines })
    const plan = await retrying(retries, () => planRun({ assembly, spec, run, worker, session, coordination, attempts, leaseMilliseconds }))
    const keys = runKeys(assembly, plan)
    this.#planned = { plan, keys, program: this.#compile(plan, keys) }
  }

  async close(): Promise<void> {
    await Promise.race([this.#eventsWritten, sleep(closeTimeoutMilliseconds, undefined, { ref: false })])
    await Promise.all([this.session.close(), this.sideSession.close()])
  }

  #compile(plan: unknown, keys: RunKeys): RecordProgram {
    const { validators, transforms, loader } = this.assembly
    return compileProgram({
      schema: this.run.spec.schema,
      columns: encodes(loader) ? loader.columns(plan) : undefined,
      key: encodes(loader) ? keys.columns.map(({ name }) => name) : undefined,
      run: this.context,
      validators,
      transforms,
      references: sqlReferences(this.sideSession),
      whenMissing: missingPolicy(this.run.spec),
    })
  }

  get #ready(): Planned {
    if (this.#planned === undefined) throw new Error('plan() must be called first')
    return this.#planned
  }

  /** Adds an event to the run's history. Best effort: a failure to write an event must not fail the run. */
  #report(code: string, message: string): void {
    this.onEvent?.(code, message)
    this.#eventsWritten = Promise.all([this.#eventsWritten, recordEvent(this.sideSession, this.run.id, code, message).catch(() => {})])
  }
}

/** `worker` is the worker's name. Throws HeadgateError if a part cannot be made. */
export async function openWork(options: WorkOptions, worker: string): Promise<Work> {
  const make = options.assemble ?? assemble
  return new Work(options, worker, await make(options.run.spec, { folder: options.folder, workers: options.run.workers }))
}

function runContext({ run, folder, coordination, environment }: WorkOptions, signal: AbortSignal, warn: RunContext['warn']): RunContext {
  const { id, name, pipeline, createdAt, batchSize, params, interval } = run
  const own = runEnvironment({ spec: run.spec, workers: run.workers, rateBudget: (budget) => coordination.rateBudget(budget) })
  return { id, name, pipeline, createdAt, batchSize, params, interval, folder, signal, environment: { ...own, ...environment }, warn }
}
