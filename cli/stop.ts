// Ctrl-C and SIGTERM: the command under way comes to a stop by itself. Used by main.ts.
import { exitCodes } from './exit-codes.ts'

/**
 * Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. The listeners stay, because whoever
 * cleans up on a signal (the embedded server) leaves it alone as long as somebody else listens.
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
