// The PostgreSQL that comes with Headgate. Used by the local mode, by the tests and by the benchmark.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { type Binaries, locateBinaries } from './binaries.ts'
import { initialise, prepareDirectory, readPassword } from './directory.ts'
import { withLock } from './lock.ts'
import { onExit } from './on-exit.ts'
import { livePostmaster, type Postmaster } from './postmaster.ts'
import { freePort, launch, signalProcess, stopProcess } from './process.ts'
import { moveIn, moveOut, rememberStarted, wasStartedByUs } from './tenants.ts'
import { type ServerUser, serverUser } from './user.ts'

export type PostgresOptions = {
  /** Folder for the cluster and all that belongs to it; made when missing. */
  dataDirectory: string
  /** On 127.0.0.1. A free one when not given. Not heeded when the folder's server already runs. */
  port?: number
  /** PostgreSQL settings, such as `{ shared_buffers: '256MB' }`. */
  settings?: Record<string, string>
  /** Gives up starting. */
  signal?: AbortSignal
}

export type EmbeddedPostgres = {
  /** Of the maintenance database, with the password in it: not for logs. */
  readonly url: string
  readonly port: number
  /** Of the postmaster; another one after `restart`. */
  readonly processId: number
  /** Where the data really is: `dataDirectory`, or what it is a link to. */
  readonly directory: string
  /** Stops the server, or leaves it to the other processes that use it. Happens by itself when this process ends. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would. */
  kill(): void
  /** Stops the server if it runs and starts it again on the same port. */
  restart(): Promise<void>
}

type Installation = { directory: string; binaries: Binaries; user: ServerUser | undefined; settings: Record<string, string> }

/** Starts the folder's server, or joins the one that another process has running there. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const user = serverUser()
  const directory = await prepareDirectory(options.dataDirectory, user)
  const installation = { directory, user, binaries: await locateBinaries(user), settings: options.settings ?? {} }
  return await withLock(lockOf(directory), async () => {
    await initialise(directory, installation.binaries.initdb, user)
    const server = (await runningServer(directory)) ?? (await startServer(installation, options.port, options.signal))
    return new Server(installation, server, await readPassword(directory))
  })
}

class Server implements EmbeddedPostgres {
  readonly url: string
  readonly port: number
  readonly directory: string
  readonly #installation: Installation
  readonly #note: string
  readonly #forget: () => void
  #processId: number

  constructor(installation: Installation, server: Postmaster, password: string) {
    this.#installation = installation
    this.directory = installation.directory
    this.port = server.port
    this.url = `postgresql://postgres:${password}@127.0.0.1:${server.port}/postgres`
    this.#processId = server.processId
    this.#note = moveIn(this.directory)
    this.#forget = onExit(() => {
      if (this.#leave().alone) signalProcess(this.#processId, 'SIGINT')
    })
  }

  get processId(): number {
    return this.#processId
  }

  async stop(): Promise<void> {
    this.#forget()
    await withLock(lockOf(this.directory), async () => {
      if (this.#leave().alone) await stopProcess(this.#processId)
    })
  }

  kill(): void {
    signalProcess(this.#processId, 'SIGKILL')
  }

  async restart(): Promise<void> {
    await withLock(lockOf(this.directory), async () => {
      await stopProcess(this.#processId)
      this.#processId = (await startServer(this.#installation, this.port)).processId
    })
  }

  #leave(): { alone: boolean } {
    const { last } = moveOut(this.directory, this.#note)
    const running = livePostmaster(join(this.directory, 'data'))?.processId === this.#processId
    return { alone: last && running && wasStartedByUs(this.directory, this.#processId) }
  }
}

function lockOf(directory: string): string {
  return join(directory, 'lock')
}

/** A server that is just starting is waited for; one that is just stopping too, and then there is none. */
async function runningServer(directory: string): Promise<Postmaster | undefined> {
  const cluster = join(directory, 'data')
  for (let server = livePostmaster(cluster); server !== undefined; server = livePostmaster(cluster)) {
    if (server.ready) return server
    await sleep(50)
  }
  return undefined
}

/** Tries again while the backends of a killed server still hold its memory, or when someone else took the free port meanwhile. */
async function startServer(installation: Installation, port?: number, abort?: AbortSignal): Promise<Postmaster> {
  const { binaries, ...rest } = installation
  for (let attempt = 1; ; attempt++) {
    try {
      const server = await launch({ ...rest, postgres: binaries.postgres, port: port ?? (await freePort()) }, abort)
      rememberStarted(installation.directory, server.processId)
      return server
    } catch (error) {
      if (attempt === 40 || !(error instanceof HeadgateError && error.retryable)) throw error
      await sleep(250, undefined, abort === undefined ? {} : { signal: abort })
    }
  }
}
