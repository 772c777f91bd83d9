// Aggregates and limits Events: repeated ones are counted as a series, and the rate per object is limited. Used by events.ts.
import type { EventContent } from './events.ts'
import type { ObjectReference } from './objects.ts'

export type Occurrence = {
  regarding: ObjectReference
  content: EventContent
  firstAt: number
  lastAt: number
  /** Number of occurrences in the series. */
  count: number
  /** Name of the Event on the API server, once created. */
  created: string | undefined
}

/** A repetition within this time belongs to the same series. */
const seriesMs = 6 * 60_000
/** Token bucket per object: this many different Events at once, then one per `refillMs`. */
const burst = 25
const refillMs = 60_000
const maxRemembered = 4096

export class EventBatch {
  readonly #now: () => number
  readonly #known = new Map<string, Occurrence>()
  readonly #tokens = new Map<string, { left: number; at: number }>()
  readonly #waiting = new Set<Occurrence>()

  constructor(now: () => number) {
    this.#now = now
  }

  add(regarding: ObjectReference, content: EventContent): void {
    const key = JSON.stringify([regarding.kind, regarding.namespace, regarding.name, regarding.uid, ...Object.values(content)])
    const now = this.#now()
    let known = this.#known.get(key)
    if (known !== undefined && now - known.lastAt <= seriesMs) {
      known.count++
      known.lastAt = now
    } else {
      if (!this.#allows(`${regarding.kind}/${regarding.namespace}/${regarding.name}`, now)) return
      known = { regarding, content, firstAt: now, lastAt: now, count: 1, created: undefined }
    }
    // Move the entry to the end, so that the oldest is removed first.
    this.#known.delete(key)
    this.#known.set(key, known)
    this.#waiting.add(known)
    forgetOldest(this.#known)
  }

  /** The next occurrence to send, oldest first. */
  take(): Occurrence | undefined {
    for (const occurrence of this.#waiting) {
      this.#waiting.delete(occurrence)
      return occurrence
    }
    return undefined
  }

  #allows(object: string, now: number): boolean {
    const bucket = this.#tokens.get(object) ?? { left: burst, at: now }
    const left = Math.min(burst, bucket.left + (now - bucket.at) / refillMs)
    this.#tokens.delete(object)
    this.#tokens.set(object, { left: left < 1 ? left : left - 1, at: now })
    forgetOldest(this.#tokens)
    return left >= 1
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= maxRemembered) return
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
