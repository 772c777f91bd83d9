// A process that started a server ends in different ways; the server must end with it.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive } from './postmaster.ts'

const program = `
  import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, 'server.ts'))}
  const server = await startPostgres({ dataDirectory: process.argv[1] })
  process.stdout.write(String(server.processId) + '\\n')
  if (process.argv[2] === 'end') setTimeout(() => {}, 10)
  if (process.argv[2] === 'exit') process.exit(3)
  if (process.argv[2] === 'throw') throw new Error('on purpose')
  if (process.argv[2] === 'wait') setInterval(() => {}, 1000)
`

async function gone(processId: number): Promise<boolean> {
  for (let poll = 0; poll < 500 && isAlive(processId); poll++) await new Promise((resolve) => setTimeout(resolve, 20))
  return !isAlive(processId)
}

test.each([
  ['end', undefined, [0, null]],
  ['exit', undefined, [3, null]],
  ['throw', undefined, [1, null]],
  ['wait', 'SIGINT', [null, 'SIGINT']],
  ['wait', 'SIGTERM', [null, 'SIGTERM']],
] as const)('A process that does %s (%s) takes its server with it', async (ending, signal, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-exit-'))
  try {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, folder, ending], { stdio: ['ignore', 'pipe', 'ignore'] })
    const serverId = Number(await new Promise((resolve) => child.stdout.once('data', resolve)))
    if (signal !== undefined) child.kill(signal)
    const ended = await new Promise((resolve) =>
      (child.exitCode ?? child.signalCode) === null ? child.once('close', (...how) => resolve(how)) : resolve([child.exitCode, child.signalCode]),
    )
    expect(ended).toEqual(expected)
    expect(await gone(serverId)).toBe(true)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
