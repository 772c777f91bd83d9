// LocalCheckpoints: workers of one machine. A worker lives as long as its process does, so nothing needs to lapse.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Checkpoints, SliceProgress } from './checkpoints.ts'

export class LocalCheckpoints implements Checkpoints {
  readonly #onProgress: (progress: SliceProgress) => void
  readonly #signal: AbortSignal | undefined
  readonly #ended = new Set<string>()

  /** `onProgress` hears of every committed batch; `signal` is how this process is asked to stop. */
  constructor(options: { onProgress?: (progress: SliceProgress) => void; signal?: AbortSignal } = {}) {
    this.#onProgress = options.onProgress ?? (() => {})
    this.#signal = options.signal
  }

  newWorker(): string {
    return `${hostname()}/${process.pid}/${processStart(process.pid) ?? 'unknown'}/${randomBytes(4).toString('hex')}`
  }

  async heartbeat(_worker: string): Promise<void> {}

  /** Tells that a worker of this very process has ended. */
  end(worker: string): void {
    this.#ended.add(worker)
  }

  async lapsed(workers: readonly string[]): Promise<string[]> {
    return workers.filter((worker) => this.#ended.has(worker) || isGone(worker))
  }

  async saveProgress(_run: number, progress: SliceProgress): Promise<void> {
    this.#onProgress(progress)
  }

  async cancelRequested(_run: number): Promise<boolean> {
    return this.#signal?.aborted ?? false
  }
}

function isGone(worker: string): boolean {
  const [host, processId, start] = worker.split('/')
  if (host !== hostname()) return false
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
