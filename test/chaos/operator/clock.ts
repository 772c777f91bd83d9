// Acts as the CronJob controller: makes tick Jobs of a pipeline with a schedule, and notes the runs made of them.
import { setTimeout as sleep } from 'node:timers/promises'
import { annotations } from '../../../crds/metadata.ts'
import { scheduledTimestamp } from '../../../operator/cache/cached.ts'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import { cronJobs, jobs, pipelineRuns } from '../../../operator/kubernetes/resources.ts'
import { follow } from '../../support/follow.ts'

export type ClockOptions = { client: KubeClient; namespace: string; signal: AbortSignal; pipeline: string }

/** Milliseconds of real time between two ticks, whose due times are a minute apart. */
const tickMs = 5000

export class Clock {
  /** Run → uids it ever had. */
  readonly made = new Map<string, Set<string>>()
  readonly #options: ClockOptions
  readonly #following: Promise<void>

  constructor(options: ClockOptions) {
    this.#options = options
    const { client, namespace, signal, pipeline } = options
    const see = { client, namespace, resource: pipelineRuns }
    this.#following = follow(
      {
        ...see,
        see: (seen) => {
          for (const { object } of seen) {
            const { name, uid = '' } = object.metadata
            if (object.spec.pipelineRef.name === pipeline) this.made.set(name, (this.made.get(name) ?? new Set()).add(uid))
          }
        },
      },
      signal,
    )
  }

  /** Makes ticks from a few minutes ago on. Returns their names. */
  async tick(times: number): Promise<string[]> {
    const names: string[] = []
    const first = Math.floor(Date.now() / 60_000) - times
    for (let minute = first; minute < first + times; minute++) {
      names.push(await this.#tickAt(minute))
      await sleep(tickMs)
    }
    return names
  }

  /** The run of a tick, as soon as the tick says so. */
  async runOf(tick: string): Promise<string> {
    const { client, namespace } = this.#options
    for (;;) {
      const run = (await client.get(jobs, tick, namespace))?.metadata.annotations?.[annotations.run]
      if (run !== undefined) return run
      await sleep(100)
    }
  }

  async end(): Promise<void> {
    await this.#following
  }

  async #tickAt(minute: number): Promise<string> {
    const { client, namespace } = this.#options
    const cronJob = await this.#cronJob()
    const { name: by, uid = '' } = cronJob.metadata
    const template = cronJob.spec?.jobTemplate
    const name = `${by}-${minute}`
    const metadata = {
      name,
      namespace,
      labels: template?.metadata?.labels ?? {},
      annotations: { [scheduledTimestamp]: new Date(minute * 60_000).toISOString() },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: by, uid, controller: true }],
    }
    await client.create(jobs, { metadata, spec: template?.spec })
    return name
  }

  /** The operator makes it. */
  async #cronJob() {
    const { client, namespace, pipeline } = this.#options
    for (;;) {
      const found = await client.get(cronJobs, `${pipeline}-schedule`, namespace)
      if (found !== undefined) return found
      await sleep(100)
    }
  }
}
