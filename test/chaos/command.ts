// The real command as a process group of its own: started, watched, killed in parts or whole. Linux, macOS.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const project = join(import.meta.dirname, '../..')

export type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string }

export class RunningCommand {
  readonly #child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [join(project, 'cli/main.ts'), ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    let output = ''
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()))
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) => resolve({ code, signal, output }))
    })
  }

  /** Process ids of the workers; none where the command works itself. */
  workers(): number[] {
    return childrenOf(this.#child.pid as number)
  }

  signalParent(signal: NodeJS.Signals): void {
    send(this.#child.pid as number, signal)
  }

  signalAll(signal: NodeJS.Signals): void {
    send(-(this.#child.pid as number), signal)
  }

  /** Whether every process of the group has ended, workers whose parent was killed included, before the time is over. */
  async isGone(milliseconds: number): Promise<boolean> {
    for (let waited = 0; waited < milliseconds; waited += 50) {
      if (!send(-(this.#child.pid as number), 0)) return true
      await sleep(50)
    }
    return false
  }
}

export function send(processId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(processId, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function childrenOf(processId: number): number[] {
  try {
    if (process.platform === 'linux') return numbers(readFileSync(`/proc/${processId}/task/${processId}/children`, 'utf8'))
    const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n').map(numbers)
    return all.filter(([, parent]) => parent === processId).map(([child]) => child as number)
  } catch {
    return []
  }
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}
