// Sees every Job of a run that ever is, and how many are at work together; says what should never have been.
import { labels } from '../../../crds/metadata.ts'
import { toCachedJob } from '../../../operator/cache/jobs.ts'
import type { Job } from '../../../operator/kubernetes/objects.ts'
import type { WatchedObject } from '../../support/follow.ts'

export type Limits = {
  /** Jobs of all pipelines together. */
  all: number
  /** Whether a pipeline may have more than one Job at work, and whether they must begin in the order of their names. */
  pipelines: ReadonlyMap<string, { alone: boolean; inOrder: boolean }>
}

export class JobWitness {
  /** Run → uids of Jobs. */
  readonly uids = new Map<string, Set<string>>()
  readonly faults: string[] = []
  mostAtOnce = 0
  readonly #limits: Limits
  /** Job → pipeline. */
  readonly #atWork = new Map<string, string>()
  /** Pipeline → the run that began last. */
  readonly #last = new Map<string, string>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** What is seen together was together at its end. */
  see(seen: readonly WatchedObject<Job>[]): void {
    for (const { object, deleted } of seen) this.#note(object, deleted)
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atWork.size)
    if (this.#atWork.size > this.#limits.all) this.faults.push(`${this.#atWork.size} Jobs at work: ${[...this.#atWork.keys()]}`)
    for (const [pipeline, { alone }] of this.#limits.pipelines) {
      const together = [...this.#atWork].filter(([, its]) => its === pipeline).map(([job]) => job)
      if (alone && together.length > 1) this.faults.push(`at work together: ${together}`)
    }
  }

  #note(job: Job, deleted: boolean): void {
    const { name, uid = '', labels: its = {} } = job.metadata
    const pipeline = its[labels.pipeline] ?? ''
    const known = this.uids.get(name) ?? new Set()
    if (known.size === 0) this.#began(name, pipeline)
    this.uids.set(name, known.add(uid))
    if (known.size > 1) this.faults.push(`${name} has had ${known.size} Jobs`)
    if (deleted || jobOver(job)) this.#atWork.delete(name)
    else this.#atWork.set(name, pipeline)
  }

  #began(name: string, pipeline: string): void {
    const last = this.#last.get(pipeline) ?? ''
    if (this.#limits.pipelines.get(pipeline)?.inOrder && name < last) this.faults.push(`${name} began after ${last}`)
    this.#last.set(pipeline, name)
  }
}

/** It has ended, or is suspended with no pod left. */
export function jobOver(job: Job): boolean {
  const { end, suspended, suspensionProcessed, active, terminating } = toCachedJob(job)
  return end !== undefined || (suspended && suspensionProcessed && active === 0 && terminating === 0)
}
