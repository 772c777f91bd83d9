// Runs clean-up when this process ends: by itself, by process.exit, or by SIGINT, SIGTERM or SIGHUP.

const cleanups = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Registers synchronous clean-up; the returned function takes it back. */
export function onExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen()
  cleanups.add(cleanup)
  return () => {
    cleanups.delete(cleanup)
    if (cleanups.size === 0) unlisten()
  }
}

function listen(): void {
  process.on('exit', runAll)
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

function unlisten(): void {
  process.off('exit', runAll)
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

function runAll(): void {
  for (const cleanup of [...cleanups]) cleanup()
}

/** If another listener exists, it decides when to exit, and 'exit' is handled here. Otherwise the signal ends the process as usual. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  runAll()
  unlisten()
  process.kill(process.pid, signal)
}
