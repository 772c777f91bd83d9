// A client that is killed in the middle of a statement: the server notices, and its locks are free.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

const { url, client } = await freshDatabase()

test('The server ends the statement of a killed client', async ({ skip }) => {
  if (process.platform !== 'linux') skip('only servers on Linux notice a client that is gone during a statement')
  const script = `import { openConnection } from ${JSON.stringify(join(import.meta.dirname, '../../store/connection.ts'))}
    const client = await openConnection(${JSON.stringify(url)}, { applicationName: 'headgate killed' })
    await client.query('SELECT pg_sleep(600)')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' })
  const running = async () =>
    (await client.query(`SELECT FROM pg_stat_activity WHERE application_name = 'headgate killed' AND query LIKE '%pg_sleep%'`)).rowCount
  await expect.poll(running, { timeout: 30_000 }).toBe(1)
  child.kill('SIGKILL')
  await expect.poll(running, { timeout: 60_000 }).toBe(0)
})
