// Simulates the Job controller and the kubelet: each Job gets a pod, which runs for a moment, reports, and succeeds or fails. The pod of a
// suspended Job is deleted.
import { setTimeout as sleep } from 'node:timers/promises'
import { labels } from '../../../crds/metadata.ts'
import { type WorkerReport, workerExitCodes } from '../../../crds/wire/worker-report.ts'
import { toCachedJob } from '../../../operator/cache/jobs.ts'
import { reportFixture } from '../../../operator/controllers/testing/cached.ts'
import { type Stage, stageIn } from '../../../operator/controllers/testing/stage.ts'
import { isConflict } from '../../../operator/kubernetes/api-error.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import type { Job } from '../../../operator/kubernetes/objects.ts'
import { jobs, pods } from '../../../operator/kubernetes/resources.ts'
import type { WatchedObject } from '../../support/follow.ts'
import type { Random } from '../random.ts'
import { persist } from './persist.ts'

export type PlayedEnd = { state: WorkerReport['state']; read: number }

export type PlayerOptions = { client: KubeClient; namespace: string; random: Random; signal: AbortSignal; longestWorkMs: number; failures: number }

export class JobPlayer {
  /** Run → how its Job was ended. */
  readonly ends = new Map<string, PlayedEnd>()
  readonly problems: unknown[] = []
  readonly #options: PlayerOptions
  readonly #stage: Stage
  /** Job uid → callback that reports a suspension to the Job's simulation. */
  readonly #lives = new Map<string, AbortController>()
  #reports = 0

  constructor(options: PlayerOptions) {
    this.#options = options
    this.#stage = stageIn(options.client, options.namespace)
  }

  see(seen: readonly WatchedObject<Job>[]): void {
    for (const { object, deleted } of seen) {
      const { name, uid = '' } = object.metadata
      const life = this.#lives.get(uid) ?? new AbortController()
      if (deleted || object.spec?.suspend === true) life.abort()
      if (deleted || this.#lives.has(uid)) continue
      this.#lives.set(uid, life)
      void this.#live(name, life.signal).catch((error: unknown) => this.#options.signal.aborted || this.problems.push(error))
    }
  }

  async #live(name: string, suspended: AbortSignal): Promise<void> {
    const { random, longestWorkMs, failures } = this.#options
    const report = reportOf(1000 + this.#reports++, random.chance(failures))
    await pause(random.below(100), suspended)
    const pod = `${name}-0-0`
    if (!suspended.aborted) {
      await this.#persist(() => this.#stage.createPod(name))
      await this.#persist(() => this.#stage.podRuns(pod))
      // The same time in every retry: a write whose response was lost may have succeeded, and a start time cannot be changed.
      const startTime = now()
      await this.#persist(() => this.#setStatus(name, { startTime, active: 1, ready: 1 }))
      await pause(random.below(longestWorkMs), suspended)
    }
    await this.#persist(() => this.#end(name, pod, report))
  }

  /** Ends the pod, then the Job. Retries after a concurrent change of the Job. */
  async #end(name: string, pod: string, report: WorkerReport): Promise<void> {
    const { client, namespace } = this.#options
    for (;;) {
      const job = await client.get(jobs, name, namespace)
      if (job === undefined) return
      const hasEnded = toCachedJob(job).end !== undefined
      if (hasEnded) this.ends.set(name, { state: report.state, read: report.records.read })
      if (hasEnded) return
      if (job.spec?.suspend === true) return await this.#deletePod(name, pod)
      try {
        await this.#stage.podEnds(pod, report.state === 'Failed' ? workerExitCodes.runFailed : 0, report)
        const status = { active: 0, ready: 0, ...(report.state === 'Failed' ? failed() : succeeded()) }
        await client.patch(jobs, name, namespace, { metadata: { resourceVersion: job.metadata.resourceVersion }, status }, { subresource: 'status' })
      } catch (error) {
        if (!isConflict(error)) throw error
      }
    }
  }

  async #deletePod(name: string, pod: string): Promise<void> {
    const { client, namespace } = this.#options
    await client.delete(pods, pod, namespace)
    await this.#stage.jobSuspended(name)
  }

  async #setStatus(name: string, status: NonNullable<Job['status']>): Promise<void> {
    const { client, namespace } = this.#options
    await client.patch(jobs, name, namespace, { status }, { subresource: 'status' })
  }

  async #persist<Answer>(step: () => Promise<Answer>): Promise<Answer | undefined> {
    return await persist(step, this.#options.signal)
  }
}

function reportOf(read: number, fails: boolean): WorkerReport {
  const records = { read, loaded: read, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 }
  const failure = { code: 'SourceChanged', message: 'the file is another one', retryable: false }
  return reportFixture(fails ? 'Failed' : 'Succeeded', { records, ...(fails && { failure }) })
}

export const workerSelector = `${labels.component}=worker`

function succeeded(): object {
  return { succeeded: 1, completedIndexes: '0', conditions: [condition('SuccessCriteriaMet', 'SuccessPolicy', 'Matched rules at index 0')] }
}

function failed(): object {
  const said = ['PodFailurePolicy', `Container worker for pod x/y failed with exit code ${workerExitCodes.runFailed} matching FailJob rule at index 0`] as const
  return { failed: 1, conditions: [condition('FailureTarget', ...said), condition('Failed', ...said)] }
}

function condition(type: string, reason: string, message: string): object {
  return { type, status: 'True', reason, message, lastTransitionTime: now() }
}

/** Shorter if the signal comes. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
