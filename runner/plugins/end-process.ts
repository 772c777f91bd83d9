// endProcess: ends the whole process from a thread while the main thread can do nothing. Called by the watchdog.
import { createRequire } from 'node:module'

/** Node 20 warns on stderr as soon as it is loaded, so it is loaded only when it is needed. */
const loadWasi = (): typeof import('node:wasi') => createRequire(import.meta.url)('node:wasi')

/** The types of Node leave it out. */
const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => object } }

/**
 * Ends the process with `code`. process.exit ends only the thread that calls it, and SIGKILL gives no exit code and does nothing to the
 * first process of a container. A WebAssembly program may end the process it runs in; this is its call, without the program.
 */
export function endProcess(code: number): void {
  try {
    const { WASI } = loadWasi()
    const wasi = new WASI({ version: 'preview1', returnOnExit: false })
    wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } })
    const { proc_exit: exit } = wasi.wasiImport as { proc_exit: (code: number) => void }
    exit(code)
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}
