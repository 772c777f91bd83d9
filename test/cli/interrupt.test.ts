// Ctrl-C during a run of the local mode: the run can be resumed, and the embedded server does not stay behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { commandFolder, mainFile } from './command.ts'

const { folder, headgate } = commandFolder()
const home = join(folder, '.headgate')

/** Gives a thousand records, then waits, in the middle of the next batch, for a file that allows it to go on. */
writeFileSync(
  join(folder, 'feed.ts'),
  `import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { RecordExtractor } from ${JSON.stringify(join(import.meta.dirname, '../../sdk/index.ts'))}

export default class Feed extends RecordExtractor {
  async *records() {
    for (let id = 1; id <= 1500; id++) {
      if (id === 1200) writeFileSync('waiting', '')
      for (; id === 1200 && !existsSync('go on'); ) await sleep(20)
      yield { id: String(id) }
    }
  }
}
`,
)
writeFileSync(
  join(folder, 'feed.yaml'),
  `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: feed}
spec:
  source: {plugin: {module: ./feed.ts}}
  schema: {primaryKey: [id], fields: [{name: id, type: integer}]}
  destination: {postgres: {table: feed, createTable: true}}
  batchSize: 1000
`,
)

const postmasterFile = join(home, 'postgres', 'data', 'postmaster.pid')

async function waitFor(holds: () => boolean): Promise<void> {
  for (let poll = 0; poll < 2000 && !holds(); poll++) await new Promise((resolve) => setTimeout(resolve, 20))
}

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, [mainFile, 'run', 'feed.yaml', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
}

test('Ctrl-C stops the run where it can be resumed, says so by its exit code, and stops the server', async () => {
  const child = run('--name', 'first')
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const closed = new Promise((resolve) => child.once('close', (...how) => resolve(how)))
  const said = Promise.all([text(child.stdout as never), text(child.stderr as never)])
  await waitFor(() => existsSync(join(folder, 'waiting')))
  expect(existsSync(postmasterFile)).toBe(true)
  child.kill('SIGINT')
  expect({ how: await closed, said: await said }).toEqual({ how: [130, null], said: expect.anything() })
  expect(existsSync(postmasterFile)).toBe(false)

  writeFileSync(join(folder, 'go on'), '')
  const resumed = await headgate('run', 'feed.yaml', '--resume', '--output', 'json')
  expect(resumed).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(resumed.out)).toMatchObject({ how: 'resumed', run: { name: 'first', state: 'Succeeded', counts: { read: 1500, loaded: 1500 } } })
  expect(existsSync(postmasterFile)).toBe(false)
})
