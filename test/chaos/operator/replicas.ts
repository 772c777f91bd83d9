// Two operators that share a lease, and what is done to them: frozen, killed, asked to end, each started again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '../../../operator/kubernetes/client.ts'
import { leases } from '../../../operator/kubernetes/resources.ts'
import { OperatorProcess } from '../../support/operator-process.ts'
import { cap } from './feed.ts'
import { persist } from './persist.ts'

export type ReplicaOptions = {
  client: KubeClient
  namespace: string
  signal: AbortSignal
  log: (line: string) => void
  /** Of each replica its own. */
  kubeconfigs: readonly string[]
  lease: string
}

const leaseName = 'chaos'

export class Replicas {
  readonly #options: ReplicaOptions
  readonly #running: OperatorProcess[]
  #starts = 0

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#running = options.kubeconfigs.map((_, index) => this.#start(index))
  }

  /** Index of the replica that leads, or else of the first. */
  async leader(): Promise<number> {
    const { client, namespace, signal } = this.#options
    const lease = await persist(() => client.get(leases, leaseName, namespace), signal)
    return Number(lease?.spec?.holderIdentity?.split('-')[1] ?? 0)
  }

  async freeze(index: number, milliseconds: number): Promise<void> {
    const replica = this.#at(index)
    replica.freeze()
    await sleep(milliseconds)
    replica.thaw()
  }

  async kill(index: number, downMs: number): Promise<void> {
    await this.#at(index).kill()
    await sleep(downMs)
    this.#running[index] = this.#start(index)
  }

  /** Throws unless it ends well. */
  async handOver(index: number, downMs: number): Promise<void> {
    await this.#stop(this.#at(index))
    await sleep(downMs)
    this.#running[index] = this.#start(index)
  }

  /** All of them. Throws unless they end well and give the lease back. */
  async stop(): Promise<void> {
    for (const replica of this.#running) await this.#stop(replica)
    const { client, namespace } = this.#options
    const holder = (await client.get(leases, leaseName, namespace))?.spec?.holderIdentity
    if (holder) throw new Error(`the lease is still held by ${holder}`)
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#running.map((replica) => replica.kill()))
  }

  /** Words of the replicas of now, the last of each. */
  logTail(): string {
    return this.#running.map(({ said }, index) => [`replica ${index}:`, ...said.slice(-30)].join('\n')).join('\n')
  }

  async #stop(replica: OperatorProcess): Promise<void> {
    const end = await replica.stop()
    if (end !== 0) throw new Error(`an operator that was asked to end did so with ${end}:\n${replica.said.slice(-30).join('\n')}`)
  }

  #at(index: number): OperatorProcess {
    const replica = this.#running[index]
    if (replica === undefined) throw new Error(`there is no replica ${index}`)
    if (replica.hasEnded) throw new Error(`replica ${index} has ended by itself:\n${replica.said.slice(-30).join('\n')}`)
    return replica
  }

  #start(index: number): OperatorProcess {
    const { kubeconfigs, namespace, lease } = this.#options
    const environment = { HEADGATE_LEASE_NAME: leaseName, HEADGATE_LEASE_DURATION: lease, HEADGATE_MAX_ACTIVE_RUNS: String(cap) }
    return new OperatorProcess({ kubeconfigPath: kubeconfigs[index] ?? '', namespace, podName: `replica-${index}-${this.#starts++}`, environment })
  }
}
