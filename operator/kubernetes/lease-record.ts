// The Lease object from the view of one candidate: reads its holder and expiry, and acquires, renews and releases it. Used by lease.ts.
import { isAlreadyExists, isConflict } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Lease, microTime } from './objects.ts'
import { leases } from './resources.ts'

export type RecordOptions = {
  client: Pick<KubeClient, 'get' | 'create' | 'replace'>
  namespace: string
  name: string
  /** Unique per process: the pod's name and something random. */
  identity: string
  clock?: Clock
}

export type LeaseTiming = {
  /** Other candidates take over when the lease was not renewed for this long. */
  leaseMs: number
  /** The holder gives up when it could not renew for this long. Less than `leaseMs`, so that the holder stops before others start. */
  renewDeadlineMs: number
  /** Time between renewals, and between attempts of the other candidates. */
  retryMs: number
}

type Moment = { monotonic: number; wall: number }

export class LeaseRecord {
  readonly #options: RecordOptions
  readonly #timing: LeaseTiming
  readonly #clock: Clock
  /** The last seen object, and when this version was first seen, because the clocks of other machines are not trusted. */
  #seen: { lease: Lease; at: number } | undefined
  /** When the last successful renewal was sent; undefined if this process does not hold the lease. */
  #renewed: Moment | undefined

  constructor(options: RecordOptions, timing: LeaseTiming) {
    this.#options = options
    this.#timing = timing
    this.#clock = options.clock ?? systemClock
  }

  get holder(): string | undefined {
    return this.#seen?.lease.spec?.holderIdentity || undefined
  }

  isOurs(): boolean {
    return this.remainingMs() > 0
  }

  /** Time until this process must stop writing. The monotonic clock may stop during machine sleep and the wall clock can be set back, so use the later. */
  remainingMs(): number {
    if (this.#renewed === undefined) return 0
    const age = Math.max(this.#clock.monotonic() - this.#renewed.monotonic, this.#clock.now() - this.#renewed.wall)
    return Math.max(0, this.#timing.renewDeadlineMs - age)
  }

  /** Acquires or renews the lease if possible; returns whether this process holds it afterwards. */
  async hold(signal?: AbortSignal): Promise<boolean> {
    if (this.isOurs() && (await this.#write(signal))) return true
    await this.#look(signal)
    if (!this.#isFree()) {
      this.#renewed = undefined
      return false
    }
    return this.#write(signal)
  }

  /** Releases the lease, so that another candidate can take over at once. */
  async release(): Promise<void> {
    if (!this.isOurs()) {
      this.#renewed = undefined
      return
    }
    this.#renewed = undefined
    const lease = this.#seen?.lease
    if (lease === undefined) return
    const now = microTime(this.#clock.now())
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    await this.#options.client.replace(leases, { ...lease, spec }, { timeoutMs: this.#timing.renewDeadlineMs / 2 })
  }

  async #look(signal?: AbortSignal): Promise<void> {
    const { client, name, namespace } = this.#options
    const lease = await client.get(leases, name, namespace, this.#limits(signal))
    if (lease === undefined) this.#seen = undefined
    else if (lease.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion) this.#seen = { lease, at: this.#clock.monotonic() }
  }

  #isFree(): boolean {
    if (this.#seen === undefined) return true
    const { holderIdentity, leaseDurationSeconds = 0 } = this.#seen.lease.spec ?? {}
    if (!holderIdentity || holderIdentity === this.#options.identity) return true
    return this.#clock.monotonic() - this.#seen.at > leaseDurationSeconds * 1000
  }

  /** Conditional on the last seen version, so that only one of several candidates acquires a free lease. */
  async #write(signal?: AbortSignal): Promise<boolean> {
    const { client, name, namespace } = this.#options
    const sent: Moment = { monotonic: this.#clock.monotonic(), wall: this.#clock.now() }
    const seen = this.#seen?.lease
    const spec = this.#spec(seen)
    try {
      const lease =
        seen === undefined
          ? await client.create(leases, { metadata: { name, namespace }, spec }, this.#limits(signal))
          : await client.replace(leases, { ...seen, spec }, this.#limits(signal))
      this.#seen = { lease, at: this.#clock.monotonic() }
      this.#renewed = sent
      return this.isOurs()
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false
      throw error
    }
  }

  #spec(seen: Lease | undefined): NonNullable<Lease['spec']> {
    const { identity } = this.#options
    const now = microTime(this.#clock.now())
    const renewal = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000), renewTime: now }
    if (seen?.spec?.holderIdentity === identity) return { ...seen.spec, ...renewal }
    return { ...renewal, acquireTime: now, leaseTransitions: seen === undefined ? 0 : (seen.spec?.leaseTransitions ?? 0) + 1 }
  }

  #limits(signal: AbortSignal | undefined): { signal: AbortSignal | undefined; timeoutMs: number } {
    return { signal, timeoutMs: this.#timing.renewDeadlineMs / 2 }
  }
}
