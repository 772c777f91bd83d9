// Runs a long command with one line of progress instead of its output; its output is shown only if it fails.
import { spawn } from 'node:child_process'

const REMINDER_SECONDS = 20

/** Rejects with the command's whole output if it fails. */
export async function runQuietly(what, program, args, env, cwd) {
  const progress = startProgress(what)
  const output = []
  const code = await new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: program.endsWith('.cmd') })
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.once('error', reject)
    child.once('close', resolve)
  })
  progress.end(code === 0)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with code ${code}\n${Buffer.concat(output).toString()}`)
}

/** On a terminal the line counts seconds; in a log there is a line at the start, at the end and now and then between. */
function startProgress(what) {
  const out = process.stderr
  const began = performance.now()
  const seconds = () => Math.round((performance.now() - began) / 1000)
  out.write(out.isTTY ? `${what} …` : `${what} …\n`)
  const tick = () => out.write(out.isTTY ? `\r${what} … ${seconds()} s` : `${what} … still running after ${seconds()} s\n`)
  const timer = setInterval(tick, out.isTTY ? 1000 : REMINDER_SECONDS * 1000)
  return {
    end(succeeded) {
      clearInterval(timer)
      out.write(`${out.isTTY ? '\r' : ''}${what} … ${succeeded ? 'done' : 'failed'} in ${seconds()} s\n`)
    },
  }
}
