// LocalCoordination: coordination of workers on one machine. A worker is alive as long as its process is, so no lease is needed. Used by local
// runs.
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

  /** `onProgress` is called after every committed batch. */
  constructor(options: { onProgress?: (progress: SliceProgress) => void } = {}) {
    this.#onProgress = options.onProgress ?? (() => {})
  }

  newWorkerName(): string {
    return `${hostname()}/${process.pid}/${processStart(process.pid) ?? 'unknown'}/${randomBytes(4).toString('hex')}`
  }

  begin(_worker: string): void {}

  async end(worker: string): Promise<void> {
    this.#ended.add(worker)
  }

  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    return holders.filter((holder) => this.#ended.has(holder.worker) || isDead(holder)).map(({ worker }) => worker)
  }

  planned(_run: string, _slices: number): void {}

  saveProgress(_run: string, progress: SliceProgress): void {
    this.#onProgress(progress)
  }

  /** Always false: Ctrl-C interrupts a local run, which can then be resumed, but nothing cancels it. */
  async cancelRequested(_run: string): Promise<boolean> {
    return false
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options)
  }

  async close(): Promise<void> {}
}

/** For a worker on another machine, the lease in the store decides. */
function isDead({ worker, expired }: Holder): boolean {
  const [host, processId, start] = worker.split('/')
  if (host !== hostname()) return expired
  return processStart(Number(processId)) !== start
}

/** Start time of a process, as text; undefined if there is no such process. Distinguishes processes whose id was reused. */
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
  // A zombie, which was killed but not yet reaped by its parent, holds no connections.
  return fields[0] === 'Z' ? undefined : fields[19]
}
