// One postgres process: started, waited for, signalled by its id. Knows nothing of sharing; see server.ts.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { serverEnvironment } from './directory.ts'
import { isAlive, livePostmaster, type Postmaster } from './postmaster.ts'
import type { ServerUser } from './user.ts'

const POLL_MILLISECONDS = 20

export type Launch = { postgres: string; directory: string; port: number; settings: Record<string, string>; user: ServerUser | undefined }

/** Starts postgres and returns when it accepts connections. */
export async function launch(options: Launch, abort?: AbortSignal): Promise<Postmaster> {
  const cluster = join(options.directory, 'data')
  // Only called when no live server has this cluster, so the note is a dead process's; its id may meanwhile be someone else's.
  rmSync(join(cluster, 'postmaster.pid'), { force: true })
  const started = start(options, cluster)
  for (;;) {
    const server = livePostmaster(cluster)
    if (server?.ready === true && server.processId === started.processId) return server
    if (started.ended()) throw failed(options.directory)
    if (abort?.aborted === true) {
      await stopProcess(started.processId)
      abort.throwIfAborted()
    }
    await sleep(POLL_MILLISECONDS)
  }
}

function start(options: Launch, cluster: string): { processId: number; ended: () => boolean } {
  const fixed = { listen_addresses: '127.0.0.1', port: String(options.port), unix_socket_directories: '' }
  const settings = Object.entries({ ...options.settings, ...fixed }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(join(options.directory, 'server.log'), 'w', 0o600)
  // Detached, so that Ctrl-C in a terminal reaches us and not the server, which we stop in our own time.
  const child = spawn(options.postgres, ['-D', cluster, ...settings], {
    ...options.user,
    cwd: options.directory,
    env: serverEnvironment(),
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  child.unref()
  let ended = false
  child.once('error', () => (ended = true))
  child.once('exit', () => (ended = true))
  return { processId: child.pid ?? 0, ended: () => ended }
}

function failed(directory: string): HeadgateError {
  const file = join(directory, 'server.log')
  const last = readFileSync(file, 'utf8').trim().split('\n').slice(-8).join('\n')
  // The backends of a crashed server may hold its memory for a moment, and another process may have taken the free port.
  const retryable = /still in use|Address already in use/.test(last)
  return new HeadgateError('EmbeddedPostgresFailed', `the embedded PostgreSQL did not start; the end of ${file}:\n${last}`, { retryable })
}

/** Fast shutdown (connections are closed, data written), then by force if that takes more than half a minute. */
export async function stopProcess(processId: number): Promise<void> {
  for (const [signal, seconds] of [
    ['SIGINT', 30],
    ['SIGQUIT', 10],
    ['SIGKILL', 10],
  ] as const) {
    signalProcess(processId, signal)
    if (await isGone(processId, seconds)) return
  }
}

export function signalProcess(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function isGone(processId: number, seconds: number): Promise<boolean> {
  for (let waited = 0; waited < seconds * 1000; waited += POLL_MILLISECONDS) {
    if (!isAlive(processId)) return true
    await sleep(POLL_MILLISECONDS)
  }
  return false
}

/** A port that is free now; another process may take it first, so callers retry. Also used by tests. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
