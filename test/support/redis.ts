// A real redis-server for a test file: on a free port, in a folder of its own, gone when the file is done. It can be wiped, killed,
// frozen and started again.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeEach } from 'vitest'
import { freePort } from '../../cli/embedded/process.ts'

export type TestRedis = {
  readonly url: string
  /** Asks the server directly; it must be running. */
  readonly client: Redis
  /** After `stop`; on the same port, with what was in it if `keep`. */
  start(): Promise<void>
  /** `keep`: what is in it is written down first. */
  stop(options?: { keep?: boolean }): Promise<void>
  /** Makes it hang: connections stay open, nothing is answered. */
  freeze(): void
  thaw(): void
}

const missing = 'redis-server is missing; apt-get install redis-server enables it'

/** Call at the file's top level. Without a redis-server every test of the file is skipped and says so. */
export async function freshRedis(): Promise<TestRedis> {
  const installed = spawnSync('redis-server', ['--version']).status === 0
  beforeEach((context) => {
    if (!installed) context.skip(missing)
  })
  const folder = mkdtempSync(join(tmpdir(), 'headgate-redis-'))
  const port = await freePort()
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 50 })
  client.on('error', () => {})
  const server = new Server(folder, port)
  if (installed) await server.start()
  afterAll(async () => {
    client.disconnect()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    start: () => server.start(),
    stop: async ({ keep = false } = {}) => {
      if (keep) await client.save()
      await server.stop()
      if (!keep) rmSync(join(folder, 'dump.rdb'), { force: true })
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
  }
}

class Server {
  readonly #folder: string
  readonly #port: number
  #process: ChildProcess | undefined

  constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
  }

  async start(): Promise<void> {
    const args = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', '']
    this.#process = spawn('redis-server', args, { stdio: 'ignore' })
    for (let attempt = 0; attempt < 200; attempt++) {
      const probe = new Redis(this.#port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null })
      probe.on('error', () => {})
      const answer = await probe.ping().catch(() => undefined)
      probe.disconnect()
      if (answer === 'PONG') return
      await sleep(50)
    }
    throw new Error('redis-server did not start')
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }
}
