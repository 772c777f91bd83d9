// Records Kubernetes Events, which `kubectl describe` shows. Recording never throws and never blocks the caller.
import { isNotFound, isNotLeading } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { EventBatch, type Occurrence } from './event-batch.ts'
import type { Report } from './hooks.ts'
import { microTime, type ObjectReference } from './objects.ts'
import { events } from './resources.ts'

export type EventContent = {
  type: 'Normal' | 'Warning'
  /** Why, as a stable word in CamelCase. */
  reason: string
  /** Human-readable; truncated to 1024 characters. Must not contain secrets. */
  message: string
  /** What was done or attempted, as a stable word in CamelCase. */
  action: string
}

export type EventOptions = {
  client: Pick<KubeClient, 'create' | 'patch'>
  /** The pod's name. */
  instance: string
  report: Report
  clock?: Clock
}

export const reporter = 'headgate'
const maxNote = 1024
const maxName = 253
const tries = 3

export class EventRecorder {
  readonly #options: EventOptions
  readonly #clock: Clock
  readonly #batch: EventBatch
  #sending: Promise<void> | undefined
  #stopped = false
  #number = 0

  constructor(options: EventOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#batch = new EventBatch(() => this.#clock.now())
  }

  /** Records an Event about an object. A repetition within minutes increments the count of the first. */
  event(object: ObjectReference, content: EventContent): void {
    if (this.#stopped) return
    this.#batch.add(object, content)
    this.#sending ??= this.#send()
  }

  /** Sends pending Events, and ignores later ones. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#sending
  }

  async #send(): Promise<void> {
    // Send one at a time, so that repetitions in the meantime are aggregated.
    for (let next = this.#batch.take(); next !== undefined; next = this.#batch.take()) await this.#sendOne(next)
    this.#sending = undefined
  }

  async #sendOne(occurrence: Occurrence): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (occurrence.created === undefined) await this.#create(occurrence)
        else await this.#count(occurrence, occurrence.created)
        return
      } catch (error) {
        // The API server deletes Events after an hour.
        if (isNotFound(error) && occurrence.created !== undefined) occurrence.created = undefined
        else if (attempt >= tries || isNotLeading(error)) return this.#options.report(`event ${occurrence.content.reason}`, error)
      }
    }
  }

  async #create(occurrence: Occurrence): Promise<void> {
    const { regarding, content, firstAt, lastAt, count } = occurrence
    const suffix = `.${firstAt.toString(16)}${(this.#number++ % 4096).toString(16).padStart(3, '0')}`
    const name = `${regarding.name.slice(0, maxName - suffix.length)}${suffix}`
    await this.#options.client.create(events, {
      metadata: { name, namespace: regarding.namespace ?? 'default' },
      eventTime: microTime(firstAt),
      type: content.type,
      reason: content.reason,
      action: content.action,
      note: content.message.slice(0, maxNote),
      regarding,
      reportingController: reporter,
      reportingInstance: this.#options.instance,
      ...(count > 1 && { series: { count, lastObservedTime: microTime(lastAt) } }),
    })
    occurrence.created = name
  }

  async #count({ regarding, lastAt, count }: Occurrence, name: string): Promise<void> {
    const series = { count, lastObservedTime: microTime(lastAt) }
    await this.#options.client.patch(events, name, regarding.namespace ?? 'default', { series })
  }
}
