// openWork: a worker's tools for one run, made from the pipeline once; closed when the worker ends.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json, RunContext } from '../../sdk/index.ts'
import { type Run, recordEvent } from '../../store/runs.ts'
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import { PostgresLoader } from '../loaders/postgres/loader.ts'
import type { LoadPlan } from '../loaders/postgres/plan.ts'
import type { RecordProgram } from '../records/program.ts'
import { compileProgram } from '../validation/program.ts'
import { sqlReferences } from '../validation/references.ts'
import { type Assembly, assemble } from './assembly.ts'
import type { BatchSource } from './batches.ts'
import { Courtesy } from './courtesy.ts'
import { planRun } from './plan.ts'
import { type Retries, retrying, retryPolicy } from './retry.ts'
import { StoreSession } from './session.ts'

/** How long the end of a worker waits for its last events to reach a store that does not answer. */
const patienceMilliseconds = 5000

export type WorkOptions = {
  /** Folder against which relative paths of the pipeline are resolved. */
  folder: string
  /** The run, with the spec that was current when it was created: what runs is never edited underneath. */
  run: Run
  databaseUrl: string
  checkpoints: Checkpoints
  signal: AbortSignal
}

/** Everything between the stages of one worker. `plan` must have been called before `source` and `commit` are read. */
export class Work {
  readonly run: Run
  readonly assembly: Assembly
  readonly context: RunContext
  readonly checkpoints: Checkpoints
  readonly retries: Retries
  /** Claims and batch transactions. */
  readonly session: StoreSession
  /** Look-ups and events while a batch transaction is open. */
  readonly aside: StoreSession
  readonly #courtesy = new Courtesy()
  /** Settles when everything told so far is written down. */
  #told: Promise<unknown> = Promise.resolve()
  #planned: { plan: LoadPlan | null; program: RecordProgram } | undefined

  constructor(options: WorkOptions, assembly: Assembly) {
    this.run = options.run
    this.assembly = assembly
    this.checkpoints = options.checkpoints
    this.session = new StoreSession(options.databaseUrl, `headgate ${options.run.name}`, this.#courtesy)
    this.aside = new StoreSession(options.databaseUrl, `headgate ${options.run.name} aside`)
    this.context = runContext(options, (code, message) => this.#tell(code, message))
    this.retries = {
      policy: retryPolicy(options.run.spec),
      signal: options.signal,
      onRetry: (error, wait) => this.#tell(error.code, `${error.message}; trying again in ${wait} ms`),
    }
  }

  get source(): BatchSource {
    const { plan, program } = this.#ready
    return { extractor: this.assembly.extractor, program, run: this.context, encoded: plan !== null, courtesy: this.#courtesy }
  }

  get commit(): { run: RunContext; loader: Assembly['loader']; plan: LoadPlan | null } {
    return { run: this.context, loader: this.assembly.loader, plan: this.#ready.plan }
  }

  /** Plans the run, or learns how another worker planned it, and compiles the checks for it. */
  async plan(): Promise<void> {
    const json: Json = await retrying(this.retries, () => this.session.transaction((transaction) => planRun(this.assembly, this.context, transaction)))
    const plan = this.assembly.loader instanceof PostgresLoader ? (json as LoadPlan) : null
    this.#planned = { plan, program: this.#compile(plan) }
  }

  async close(): Promise<void> {
    await Promise.race([this.#told, sleep(patienceMilliseconds, undefined, { ref: false })])
    await Promise.all([this.session.close(), this.aside.close()])
  }

  #compile(plan: LoadPlan | null): RecordProgram {
    const { validators, transformers } = this.assembly
    return compileProgram({
      schema: this.run.spec.schema,
      columns: plan?.columns,
      run: this.context,
      validators,
      transformers,
      references: sqlReferences(this.aside),
    })
  }

  get #ready(): { plan: LoadPlan | null; program: RecordProgram } {
    if (this.#planned === undefined) throw new Error('plan() comes first')
    return this.#planned
  }

  /** Best effort: history must not fail the run it tells about. */
  #tell(code: string, message: string): void {
    this.#told = Promise.all([this.#told, recordEvent(this.aside, this.run.id, code, message).catch(() => {})])
  }
}

export async function openWork(options: WorkOptions): Promise<Work> {
  return new Work(options, await assemble(options.run.spec, { folder: options.folder, workers: options.run.workers }))
}

function runContext(options: WorkOptions, warn: RunContext['warn']): RunContext {
  const { run, folder, signal } = options
  return { id: run.id, name: run.name, pipeline: run.pipeline, batchSize: run.batchSize, folder, signal, warn }
}
