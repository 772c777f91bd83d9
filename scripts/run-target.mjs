// Runs a program with this project's tools first on PATH, handing on arguments, input, output, signals and the exit code.
import { spawn } from 'node:child_process'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** PATH without any node_modules/.bin: what npm itself must run with. */
export function outerPath() {
  const parts = (process.env.PATH ?? '').split(delimiter)
  return parts.filter((part) => !part.includes(`node_modules${sep}.bin`) && !part.includes('node-gyp-bin')).join(delimiter)
}

export async function runTarget(program, args) {
  const env = { ...process.env, PATH: [join(root, 'node_modules', '.bin'), outerPath()].join(delimiter) }
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' })
  handSignalsTo(child)
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...ending) => resolve(ending))
  })
  if (signal === null) {
    process.exitCode = code
    return
  }
  for (const name of SIGNALS) process.removeAllListeners(name)
  process.kill(process.pid, signal)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Ctrl-C in a terminal reaches the child by itself, being sent to the whole foreground group; twice would mean "at once" to it. */
function handSignalsTo(child) {
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name)
    })
  }
}
