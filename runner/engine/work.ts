// openWork: a worker's tools for one run, made from the pipeline once; closed when the worker ends.
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
import { type Retries, retrying, retryPolicy } from './retry.ts'
import { toldMessage } from './told-message.ts'

/** How long the end of a worker waits for its last events to reach a store that does not answer. */
const patienceMilliseconds = 5000

export type WorkOptions = {
  /** Folder against which relative paths of the pipeline are resolved. */
  folder: string
  /** The run, with the spec that was current when it was created: what runs is never edited underneath. */
  run: Run
  databaseUrl: string
  coordination: Coordination
  /** Asks the worker to stop after the batch in hand, and to give its slice back. */
  signal: AbortSignal
  /** How long a claim holds without a sign of life in the store. */
  leaseMilliseconds?: number
  /** What the parts take from outside; what is not given is taken from this process. */
  environment?: Partial<Environment>
  /** How the parts are made. Default: `assemble`. */
  assemble?: typeof assemble
  /** What happens if a plugin never yields. Default: the process ends with code 1. */
  stuck?: StuckOptions
  /** Hears of what goes into the run's history. */
  onEvent?: (code: string, message: string) => void
}

/** What is known once the run is planned. `plan`: what the loader's `prepare` returned. */
type Planned = { plan: unknown; keys: RunKeys; program: RecordProgram }

/** Everything between the stages of one worker. `plan` must have been called before `source` and `commit` are read. */
export class Work {
  readonly run: Run
  /** Under what name the work is done. */
  readonly worker: string
  readonly assembly: Assembly
  readonly context: RunContext
  readonly coordination: Coordination
  readonly retries: Retries
  /** Claims and batch transactions. */
  readonly session: StoreSession
  /** Look-ups and events while a batch transaction is open. */
  readonly aside: StoreSession
  readonly leaseMilliseconds: number | undefined
  readonly brake: RejectBrake
  readonly onEvent: WorkOptions['onEvent']
  readonly #priority = new QueryPriority()
  readonly #over = new AbortController()
  #cancelled = false
  /** Settles when everything told so far is written down. */
  #told: Promise<unknown> = Promise.resolve()
  #planned: Planned | undefined

  constructor(options: WorkOptions, worker: string, assembly: Assembly) {
    this.run = options.run
    this.worker = worker
    this.assembly = assembly
    this.coordination = options.coordination
    const name = sessionName(this.worker, options.run.name)
    this.session = new StoreSession(options.databaseUrl, name, this.#priority)
    this.aside = new StoreSession(options.databaseUrl, name)
    this.onEvent = options.onEvent
    this.leaseMilliseconds = options.leaseMilliseconds
    this.brake = new RejectBrake(options.run.spec.quality, options.run.workers)
    const signal = AbortSignal.any([options.signal, this.#over.signal])
    this.context = runContext(options, signal, (code, message) => this.#tell(code, message))
    this.retries = {
      policy: retryPolicy(options.run.spec),
      signal,
      onRetry: (error, wait) => this.#tell(error.code, `${toldMessage(options.run.spec, error)}; trying again in ${wait} ms`),
    }
  }

  /** Whether somebody asked for the run to be cancelled. */
  get cancelled(): boolean {
    return this.#cancelled
  }

  /** Notes that the run is to be cancelled, and stops working. */
  cancel(): void {
    this.#cancelled = true
    this.abandon()
  }

  /** Stops working because the run is over. */
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

  /** Plans the run, or learns how another worker planned it, and compiles the checks for it. */
  async plan(): Promise<void> {
    const { assembly, context: run, worker, session, coordination, leaseMilliseconds, retries } = this
    const { spec, workers } = this.run
    const othersSeeMore = workers > 1 && !coordination.oneMachine
    const attempts = new PlanAttempts({ session, enrolled: { run: run.id, worker }, retries, leaseMilliseconds, othersSeeMore })
    const plan = await retrying(retries, () => planRun({ assembly, spec, run, worker, session, coordination, attempts, leaseMilliseconds }))
    const keys = runKeys(assembly, plan)
    this.#planned = { plan, keys, program: this.#compile(plan, keys) }
  }

  async close(): Promise<void> {
    await Promise.race([this.#told, sleep(patienceMilliseconds, undefined, { ref: false })])
    await Promise.all([this.session.close(), this.aside.close()])
  }

  #compile(plan: unknown, keys: RunKeys): RecordProgram {
    const { validators, transformers, loader } = this.assembly
    return compileProgram({
      schema: this.run.spec.schema,
      columns: encodes(loader) ? loader.columns(plan) : undefined,
      key: encodes(loader) ? keys.columns.map(({ name }) => name) : undefined,
      run: this.context,
      validators,
      transformers,
      references: sqlReferences(this.aside),
      whenMissing: missingPolicy(this.run.spec),
    })
  }

  get #ready(): Planned {
    if (this.#planned === undefined) throw new Error('plan() comes first')
    return this.#planned
  }

  /** Best effort: history must not fail the run it tells about. */
  #tell(code: string, message: string): void {
    this.onEvent?.(code, message)
    this.#told = Promise.all([this.#told, recordEvent(this.aside, this.run.id, code, message).catch(() => {})])
  }
}

/** `worker` is the name under which the work is done. */
export async function openWork(options: WorkOptions, worker: string): Promise<Work> {
  const make = options.assemble ?? assemble
  return new Work(options, worker, await make(options.run.spec, { folder: options.folder, workers: options.run.workers }))
}

function runContext({ run, folder, coordination, environment }: WorkOptions, signal: AbortSignal, warn: RunContext['warn']): RunContext {
  const { id, name, pipeline, createdAt, batchSize, params, interval } = run
  const own = runEnvironment({ spec: run.spec, workers: run.workers, rateBudget: (budget) => coordination.rateBudget(budget) })
  return { id, name, pipeline, createdAt, batchSize, params, interval, folder, signal, environment: { ...own, ...environment }, warn }
}
