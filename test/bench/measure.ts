// Runs one command, and measures its duration and the memory of each of its processes.
import { spawn } from 'node:child_process'
import { type ProcessUse, watchTree } from './process-tree.ts'

/** A command line. `environment` comes on top of this process's. */
export type Command = { file: string; arguments: readonly string[]; environment?: Record<string, string> }

export type Measured = {
  /** From the start of the process to its end. */
  seconds: number
  uses: ProcessUse[]
  output: string
}

export type Limits = { timeoutMilliseconds: number; signal: AbortSignal }

const keptOutput = 4 * 1024 * 1024

/** Throws an Error with the end of what the command wrote if it fails, takes too long or is stopped. */
export async function measure(command: Command, { timeoutMilliseconds, signal }: Limits): Promise<Measured> {
  signal.throwIfAborted()
  const started = performance.now()
  // A group of its own, so that a stop reaches everything it started.
  const child = spawn(command.file, command.arguments, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...command.environment } })
  const { output, errors } = { output: collect(child.stdout), errors: collect(child.stderr) }
  const uses = child.pid === undefined ? () => [] : watchTree(child.pid)
  const stop = () => killGroup(child.pid)
  const timer = setTimeout(stop, timeoutMilliseconds)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve))
    const seconds = (performance.now() - started) / 1000
    if (code !== 0) throw new Error(failure(command, code, seconds, `${output()}\n${errors()}`))
    return { seconds, uses: uses(), output: output() }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    uses()
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (piece: string) => {
    text = (text + piece).slice(-keptOutput)
  })
  return () => text
}

function failure({ file }: Command, code: number | null, seconds: number, said: string): string {
  const how = code === null ? `was stopped after ${seconds.toFixed(0)} s` : `ended with ${code}`
  return `${file} ${how}: ${said.trim().slice(-2000)}`
}

function killGroup(processId: number | undefined): void {
  if (processId === undefined) return
  try {
    process.kill(-processId, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
