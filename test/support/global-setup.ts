// The PostgreSQL that all test files share: the one named by HEADGATE_TEST_POSTGRES, or an embedded one for this test run.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../cli/embedded/index.ts'

/** The data is thrown away, so nothing needs to reach the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '128MB', max_connections: '200', jit: 'off' }

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.HEADGATE_TEST_POSTGRES
  if (given !== undefined) {
    project.provide('postgresUrl', given)
    return undefined
  }
  const dataDirectory = await mkdtemp(join(tmpdir(), 'headgate-test-'))
  const server = await startPostgres({ dataDirectory, settings: SETTINGS })
  project.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    for (const directory of [server.directory, dataDirectory]) await rm(directory, { recursive: true, force: true })
  }
}
