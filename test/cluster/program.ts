// Runs one program of a test cluster in the background; ends with the process that started it, however that ends.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

export type Program = {
  /** Throws with the end of its log if it has ended. */
  assertRunning(): void
  stop(): Promise<void>
  /** Kills the program like a crash. */
  kill(): Promise<void>
}

const LOG_LINES = 15
const MILLISECONDS_TO_STOP = 10_000

/** Starts `path` with its output added to the file `log`. */
export function startProgram(path: string, args: readonly string[], log: string): Program {
  const output = openSync(log, 'a')
  const [program, ...rest] = [...boundToUs(), path, ...args]
  const child = spawn(program as string, rest, { stdio: ['ignore', output, output] })
  closeSync(output)
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  return {
    assertRunning() {
      if (failure === undefined && !hasEnded(child)) return
      const said = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')
      throw new Error(`${basename(path)} ended unexpectedly: ${failure?.message ?? said}`)
    },
    stop: () => stop(child),
    kill: () => kill(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), MILLISECONDS_TO_STOP)
  await ended
  clearTimeout(timer)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

let prefix: string[] | undefined

/** Ends the program with a killed test run, where the kernel supports that. */
function boundToUs(): string[] {
  prefix ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
  return prefix
}
