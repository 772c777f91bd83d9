// LocalCoordination: workers of one machine. A worker lives as long as its process does, so nothing needs to lapse.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { RateBudget, type RateBudgetOptions } from './budget.ts'
import type { Coordination, Holder, SliceProgress } from './coordination.ts'

export class LocalCoordination implements Coordination {
  readonly oneMachine = true
  readonly #onProgress: (progress: SliceProgress) => void
  readonly #ended = new Set<string>()

  /** `onProgress` hears of every committed batch. */
  constructor(options: { onProgress?: (progress: SliceProgress) => void } = {}) {
    this.#onProgress = options.onProgress ?? (() => {})
  }

  newWorker(): string {
    return `${hostname()}/${process.pid}/${processStart(process.pid) ?? 'unknown'}/${randomBytes(4).toString('hex')}`
  }

  begin(_worker: string): void {}

  async end(worker: string): Promise<void> {
    this.#ended.add(worker)
  }

  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    return holders.filter((holder) => this.#ended.has(holder.worker) || isGone(holder)).map(({ worker }) => worker)
  }

  planned(_run: string, _slices: number): void {}

  saveProgress(_run: string, progress: SliceProgress): void {
    this.#onProgress(progress)
  }

  /** Ctrl-C interrupts a local run, which can then be resumed; nothing cancels it. */
  async cancelRequested(_run: string): Promise<boolean> {
    return false
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options)
  }

  async close(): Promise<void> {}
}

/** Of a worker on another machine the store alone can tell. */
function isGone({ worker, expired }: Holder): boolean {
  const [host, processId, start] = worker.split('/')
  if (host !== hostname()) return expired
  return processStart(Number(processId)) !== start
}

/** When a process began, so that a process id that was given out again is not mistaken for the old one; undefined if there is none. */
function processStart(processId: number): string | undefined {
  try {
    if (process.platform === 'linux') return linuxProcessStart(processId)
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(processId)], { encoding: 'utf8' })
      .trim()
      .replaceAll('/', '-')
  } catch {
    return undefined
  }
}

function linuxProcessStart(processId: number): string | undefined {
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A killed process that its parent has not yet collected is a zombie: it holds nothing any more.
  return fields[0] === 'Z' ? undefined : fields[19]
}
