// A run taken forward one transaction at a time, so that a test can put two runs into any order. The engine's own functions do the work.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { LocalCoordination } from '../../runner/coordination/local.ts'
import { preparedBatches } from '../../runner/engine/batches.ts'
import { commitBatch, lockRunning } from '../../runner/engine/commit.ts'
import { finishRun } from '../../runner/engine/finish/finish.ts'
import { openWork, type Work } from '../../runner/engine/work.ts'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { findLoadPlan } from '../../store/load-plan.ts'
import { createRun, failRun, type Run, startRun } from '../../store/runs.ts'
import { claimSlice, completeSlice } from '../../store/slices.ts'
import type { TestStore } from '../support/store.ts'

export type Declared = { name: string; pipeline: string; folder: string; spec: PipelineSpec }

export class SteppedRun {
  readonly #store: TestStore
  readonly #folder: string
  readonly #run: Run
  #work: Work | undefined
  #steps: AsyncGenerator<void>
  /** Workers of this run that were lost. */
  readonly #lost: string[] = []
  ended: 'Succeeded' | 'Failed' | undefined
  failure: HeadgateError | undefined

  private constructor(store: TestStore, folder: string, run: Run) {
    this.#store = store
    this.#folder = folder
    this.#run = run
    this.#steps = this.#transactions()
  }

  /** The run has its number from now on, and nothing else. */
  static async declare(store: TestStore, { name, pipeline, folder, spec }: Declared): Promise<SteppedRun> {
    return new SteppedRun(store, folder, await createRun(store.client, { name, pipeline, spec, workers: 1, batchSize: 1 }))
  }

  /** Commits one more transaction, or fails the run as a worker would. Does nothing once it has ended. */
  async step(): Promise<void> {
    if (this.ended !== undefined) return
    try {
      const { done } = await this.#steps.next()
      if (done) this.ended = 'Succeeded'
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error
      await failRun(this.#store.client, this.#run.id, { code: error.code, message: error.message, retryable: error.retryable })
      const { assembly, context, session, run } = this.#work as Work
      const discard = async (transaction: Transaction) => assembly.loader.discard(context, transaction, await findLoadPlan(transaction, run.id))
      await session.transaction(discard)
      this.ended = 'Failed'
      this.failure = error
    }
  }

  /** The worker dies for a reason that may pass; the next step is another worker's, which resumes the run. */
  async lose(): Promise<void> {
    if (this.ended !== undefined) return
    await failRun(this.#store.client, this.#run.id, { code: 'SourceUnreachable', message: 'no answer', retryable: true })
    if (this.#work !== undefined) this.#lost.push(this.#work.worker)
    await this.close()
    this.#steps = this.#transactions()
  }

  async close(): Promise<void> {
    await this.#work?.close()
    this.#work = undefined
  }

  async *#transactions(): AsyncGenerator<void> {
    const { url: databaseUrl } = this.#store
    const coordination = new LocalCoordination()
    this.#work = await openWork(
      { run: this.#run, folder: this.#folder, databaseUrl, coordination, signal: new AbortController().signal },
      coordination.newWorkerName(),
    )
    const work = this.#work
    await work.session.transaction((transaction) => startRun(transaction, this.#run.id))
    yield
    await work.plan()
    yield
    for (;;) {
      const claim = await claimSlice(work.session, { run: this.#run.id, worker: work.worker, lapsed: this.#lost })
      if (claim === undefined) return
      if (claim.kind === 'finish') {
        await work.session.transaction((transaction) => finishRun(work, transaction, claim))
        return
      }
      let ordinal = claim.batches
      for await (const batch of preparedBatches(work.source, claim.slice, claim.position)) {
        await work.session.transaction((transaction) => commitBatch(work.commit, transaction, claim, ordinal++, batch))
        yield
      }
      await work.session.transaction(async (transaction) => {
        await lockRunning(transaction, claim)
        await completeSlice(transaction, claim)
      })
    }
  }
}
