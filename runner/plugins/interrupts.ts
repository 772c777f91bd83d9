// hearInterrupts: notices Ctrl-C for a main thread that does not yield and therefore hears no signal. Called by the watchdog of a command.
import { spawn } from 'node:child_process'

export type Interrupts = {
  readonly interrupted: boolean
  stop(): void
}

/** A terminal interrupts all processes of a command at once. Threads hear no signals, so a child does nothing but be interrupted. */
export function hearInterrupts(): Interrupts {
  // It ends as well when this process does, and with it the pipe.
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'], env: {} })
  let interrupted = false
  child.once('exit', (_, signal) => (interrupted = signal === 'SIGINT'))
  // Without a child, Ctrl-C waits until the plugin has hung for long enough.
  child.once('error', () => {})
  return {
    get interrupted() {
      return interrupted
    },
    stop: () => void child.kill('SIGKILL'),
  }
}
