// The operator as its image runs it: the compiled program in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../cli/embedded/process.ts'
import { median } from '../statistics.ts'

/** As the chart starts it: most of what it reads is garbage at once, and a heap that is collected late only grows. */
const operatorFlags = ['--optimize-for-size', '--max-semi-space-size=4']
const memoryIntervalMilliseconds = 100
const startTimeoutMilliseconds = 120_000

export class OperatorProcess {
  /** From the start of the process to readiness. */
  readySeconds = Number.NaN
  readonly #child: ChildProcess
  readonly #port: number
  readonly #began = performance.now()
  readonly #ended: Promise<void>
  readonly #sampler: NodeJS.Timeout
  #residentBytes: number[] = []

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()))
    this.#sampler = setInterval(() => this.#residentBytes.push(memoryOf(child.pid, 'VmRSS')), memoryIntervalMilliseconds)
  }

  /** Resolves when it says that it is ready. */
  static async start(project: string, kubeconfigPath: string): Promise<OperatorProcess> {
    const port = await freePort()
    const child = spawn(process.execPath, [...operatorFlags, join(project, 'dist/operator/main.js')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        KUBECONFIG: kubeconfigPath,
        HEADGATE_WORKER_IMAGE: 'headgate/headgate:bench',
        HEADGATE_NAMESPACE: 'default',
        HEADGATE_MAX_ACTIVE_RUNS: '5000',
        HEADGATE_METRICS_PORT: String(port),
        HEADGATE_LOG_LEVEL: 'warn',
        NODE_ENV: 'production',
      },
    })
    const operator = new OperatorProcess(child, port)
    await operator.#ready()
    return operator
  }

  /** The most memory it ever had, as the kernel kept it. */
  get peakBytes(): number {
    return memoryOf(this.#child.pid, 'VmHWM')
  }

  /** Median of the memory of the last seconds. */
  residentBytes(seconds: number): number {
    return median(this.#residentBytes.slice(-seconds * (1000 / memoryIntervalMilliseconds)))
  }

  /** Requests sent so far: verb → how many. Watches count as GET once. */
  async requests(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    const text = await (await fetch(`http://127.0.0.1:${this.#port}/metrics`)).text()
    for (const [, labels = '', value] of text.matchAll(/^rest_client_requests_total\{([^}]*)\} ([0-9.e+]+)$/gm)) {
      const method = /method="([A-Z]+)"/.exec(labels)?.[1] ?? 'unknown'
      counts.set(method, (counts.get(method) ?? 0) + Number(value))
    }
    return counts
  }

  async stop(): Promise<void> {
    clearInterval(this.#sampler)
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  async #ready(): Promise<void> {
    while (performance.now() - this.#began < startTimeoutMilliseconds) {
      if (this.#child.exitCode !== null) throw new Error(`the operator ended with code ${this.#child.exitCode}`)
      const answered = await fetch(`http://127.0.0.1:${this.#port}/readyz`).catch(() => undefined)
      if (answered?.ok) {
        this.readySeconds = (performance.now() - this.#began) / 1000
        return
      }
      await sleep(20)
    }
    throw new Error(`the operator was not ready within ${startTimeoutMilliseconds / 1000} s`)
  }
}

function memoryOf(processId: number | undefined, line: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8')
    return Number(new RegExp(`^${line}:\\s+([0-9]+) kB$`, 'm').exec(status)?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}
