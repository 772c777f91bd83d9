// Reads the log of one pod line by line. A followed log resumes where its connection was cut. Used by logs.
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerContainer } from '../../crds/wire/worker-report.ts'
import { Access } from '../../operator/kubernetes/access.ts'
import { ApiError } from '../../operator/kubernetes/api-error.ts'
import { systemClock } from '../../operator/kubernetes/clock.ts'
import { pathOf } from '../../operator/kubernetes/resources.ts'
import { Transport } from '../../operator/kubernetes/transport.ts'
import type { Cluster } from './connect.ts'
import { pods } from './resources.ts'

export type LogOptions = {
  follow: boolean
  tail?: number | undefined
  signal: AbortSignal
  /** Whether the log is complete. Called when a followed log ends, because a cut connection to the node looks the same. */
  isOver: () => Promise<boolean>
}

export type PodLogs = { lines(pod: string, options: LogOptions): AsyncIterable<string>; close(): Promise<void> }

/** Most reconnections in a row without a new line. */
const maxBroken = 10

export function podLogs({ kubeConfig, namespace }: Pick<Cluster, 'kubeConfig' | 'namespace'>): PodLogs {
  const access = new Access(kubeConfig)
  const transport = new Transport(access, { clock: systemClock, userAgent: 'headgate-cli', timeoutMs: 30_000 })
  const stamped = (pod: string, query: Record<string, string | number | boolean | undefined>, signal: AbortSignal) => {
    const path = pathOf(pods, { namespace, name: pod, subresource: 'log' })
    // A followed log may be silent for hours.
    const bytes = transport.stream({ method: 'GET', path, query: { container: workerContainer, timestamps: true, ...query }, signal }, 0)
    return createInterface({ input: Readable.from(bytes), crlfDelay: Number.POSITIVE_INFINITY })
  }
  return { lines: (pod, options) => linesOf(pod, options, stamped), close: () => access.close() }
}

type Stamped = (pod: string, query: Record<string, string | number | boolean | undefined>, signal: AbortSignal) => AsyncIterable<string>

async function* linesOf(pod: string, { follow, tail, signal, isOver }: LogOptions, stamped: Stamped): AsyncGenerator<string> {
  let last = ''
  for (let broken = 0; ; ) {
    const from = last === '' ? { tailLines: tail } : { sinceTime: last }
    try {
      for await (const line of stamped(pod, { follow, ...from }, signal)) {
        const space = line.indexOf(' ')
        const stamp = line.slice(0, space)
        if (stamp <= last) continue
        last = stamp
        broken = 0
        yield line.slice(space + 1)
      }
      if (!follow || (await isOver())) return
    } catch (error) {
      if (signal.aborted) return
      if (!follow || !(error instanceof ApiError) || error.status !== 0 || ++broken > maxBroken) throw error
    }
    await sleep(1000, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
  }
}
