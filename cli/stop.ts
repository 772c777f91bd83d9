// Ctrl-C and SIGTERM: asks the running command to stop. Used by main.ts.
import { exitCodes } from './exit-codes.ts'

/**
 * Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. The listeners stay: code that cleans up on a signal
 * (the embedded server) does not end the process while another listener exists.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted)
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  return stop.signal
}
