// The operator as a process of its own, run from the sources: started, frozen, thawed, killed and stopped by suites about faults.
import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export type OperatorOptions = { kubeconfigPath: string; namespace: string; podName: string; environment?: Record<string, string> }

const program = join(import.meta.dirname, '..', '..', 'operator', 'main.ts')

export class OperatorProcess {
  /** Output of the process: log lines, and any other text. */
  readonly said: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<number | NodeJS.Signals>

  /** Looks after the namespace only, and has its lease there. */
  constructor({ kubeconfigPath, namespace, podName, environment }: OperatorOptions) {
    this.#child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        KUBECONFIG: kubeconfigPath,
        NODE_COMPILE_CACHE: join(tmpdir(), 'headgate-compiled-operator'),
        HEADGATE_NAMESPACE: namespace,
        HEADGATE_WATCH_NAMESPACES: namespace,
        HEADGATE_POD_NAME: podName,
        HEADGATE_WORKER_IMAGE: 'headgate:test',
        HEADGATE_METRICS_PORT: '0',
        ...environment,
      },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.said.push(line))
    }
    this.#ended = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve(code ?? signal ?? 0)))
    process.once('exit', this.#kill)
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** As when its machine dies. */
  async kill(): Promise<void> {
    this.#kill()
    await this.#ended
    process.off('exit', this.#kill)
  }

  /** Resolves when it has begun, so that it hears signals, or has ended. */
  async #begun(): Promise<void> {
    while (!this.hasEnded && !this.said.some((line) => line.includes('"msg":"watching"'))) await sleep(20)
  }

  /** Asks the process to end. Returns its exit code, or the signal that ended it. */
  async stop(): Promise<number | NodeJS.Signals> {
    await this.#begun()
    this.#child.kill('SIGTERM')
    const end = await this.#ended
    process.off('exit', this.#kill)
    return end
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL')
}
