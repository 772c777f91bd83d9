// Ctrl-C during a run of the local mode: the run can be resumed, and the embedded server does not stay behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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

test('Ctrl-C ends a command whose plugin never yields; the run can be resumed, and the server does not stay behind', async () => {
  const [marker, allowed] = [join(folder, 'spinning'), join(folder, 'yield')]
  writeFileSync(
    join(folder, 'spin.ts'),
    `import { existsSync, writeFileSync } from 'node:fs'
import { RecordTransformer } from ${JSON.stringify(join(import.meta.dirname, '../../sdk/index.ts'))}
export default class extends RecordTransformer {
  map(record) {
    writeFileSync(${JSON.stringify(marker)}, '')
    while (!existsSync(${JSON.stringify(allowed)}));
    return record
  }
}
`,
  )
  writeFileSync(join(folder, 'go on'), '')
  const manifest = readFileSync(join(folder, 'feed.yaml'), 'utf8').replace('{name: feed}', '{name: spin}').replace('table: feed', 'table: spin')
  writeFileSync(join(folder, 'spin.yaml'), `${manifest}  transform: [{plugin: {module: ./spin.ts}}]\n`)
  // A terminal signals the whole process group.
  const child = spawn(process.execPath, [mainFile, 'run', 'spin.yaml'], { cwd: folder, stdio: 'ignore', detached: true })
  const closed = new Promise((resolve) => child.once('close', (...how) => resolve(how)))
  await waitFor(() => existsSync(marker))
  const again = setInterval(() => process.kill(-(child.pid as number), 'SIGINT'), 500)
  onTestFinished(() => {
    clearInterval(again)
    child.kill('SIGKILL')
  })
  const how = await closed
  clearInterval(again)
  expect(how).toEqual([130, null])
  await waitFor(() => !existsSync(postmasterFile))
  expect(existsSync(postmasterFile)).toBe(false)

  writeFileSync(allowed, '')
  const resumed = await headgate('run', 'spin.yaml', '--resume', '-o', 'json')
  expect(JSON.parse(resumed.out)).toMatchObject({ how: 'resumed', run: { state: 'Succeeded', counts: { loaded: 1500 } } })
})
