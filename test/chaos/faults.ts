// Faults of one start of the command: drawn from the seed, struck when the proxy has seen so much, logged as they strike.
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningCommand } from './command.ts'
import { send } from './command.ts'
import type { Noticed, Verdict } from './proxy.ts'
import type { Random } from './random.ts'

const kinds = ['killWorker', 'killParent', 'killAll', 'terminate', 'cutBefore', 'cutAfter', 'cutAfter', 'stall', 'halfOpen', 'restartServer'] as const

export type Fault = {
  kind: (typeof kinds)[number]
  /** Strikes when the proxy has noticed this for the `count`th time, and for processes and the server `delay` milliseconds later. */
  what: Noticed['what']
  count: number
  delay: number
  direction: 'toServer' | 'toClient'
}

export function drawFaults(random: Random): Fault[] {
  return Array.from({ length: random.between(1, 3) }, () => {
    const what = random.chance(0.7) ? 'commit' : 'bytes'
    return {
      kind: random.pick(kinds),
      what,
      count: random.between(1, what === 'commit' ? 45 : 30),
      delay: random.below(40),
      direction: random.pick(['toServer', 'toClient']),
    }
  })
}

export type Victims = { command: RunningCommand; crashServer: () => Promise<void>; log: (line: string) => void }

/** Judges what the proxy notices while one start of the command runs. */
export class FaultInjector {
  readonly #faults: Fault[]
  readonly #victims: Victims
  readonly #noticed = { commit: 0, bytes: 0 }
  readonly #striking: Promise<void>[] = []

  constructor(faults: readonly Fault[], victims: Victims) {
    this.#faults = [...faults]
    this.#victims = victims
  }

  judge({ what }: Noticed): Verdict {
    const count = ++this.#noticed[what]
    const due = this.#faults.findIndex((fault) => fault.what === what && fault.count <= count)
    const fault = this.#faults[due]
    if (fault === undefined) return { do: 'pass' }
    this.#faults.splice(due, 1)
    this.#victims.log(`${fault.kind} at ${what} ${count}, ${fault.delay} ms, ${fault.direction}`)
    return this.#strike(fault)
  }

  /** Waits for what is still going on; nothing strikes after it. */
  async end(): Promise<void> {
    for (const fault of this.#faults.splice(0)) this.#victims.log(`(${fault.kind} at ${fault.what} ${fault.count} was too late)`)
    await Promise.all(this.#striking)
  }

  #strike({ kind, delay, direction }: Fault): Verdict {
    if (kind === 'cutBefore') return { do: 'cut', when: 'before' }
    if (kind === 'cutAfter') return { do: 'cut', when: 'after' }
    if (kind === 'stall') return { do: 'stall', milliseconds: 100 + 5 * delay }
    if (kind === 'halfOpen') return { do: 'halfOpen', direction, milliseconds: 100 + 5 * delay }
    this.#striking.push(this.#strikeLater(kind, delay))
    return { do: 'pass' }
  }

  async #strikeLater(kind: 'killWorker' | 'killParent' | 'killAll' | 'terminate' | 'restartServer', delay: number): Promise<void> {
    await sleep(delay)
    const { command, crashServer } = this.#victims
    if (kind === 'restartServer') return crashServer()
    if (kind === 'killAll') return command.signalAll('SIGKILL')
    if (kind === 'terminate') return command.signalParent('SIGTERM')
    const [worker] = command.workers()
    if (kind === 'killWorker' && worker !== undefined) send(worker, 'SIGKILL')
    else command.signalParent('SIGKILL')
  }
}
