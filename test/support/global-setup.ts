// Resources that all test files share: a PostgreSQL (that of HEADGATE_TEST_POSTGRES, or an embedded one), and a Kubernetes that starts on demand.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../cli/embedded/server.ts'
import { kubernetesAvailability, kubernetesStarters } from './kubernetes-setup.ts'
import { serveOnDemand } from './on-demand.ts'

/** The data is thrown away, so nothing needs to reach the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '128MB', max_connections: '200', jit: 'off' }

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopPostgres = await offerPostgres(project)
  const starters = await serveOnDemand(kubernetesStarters())
  project.provide('kubernetes', kubernetesAvailability())
  project.provide('onDemandSocket', starters.socketPath)
  return async () => {
    await starters.close()
    await stopPostgres()
  }
}

async function offerPostgres(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.HEADGATE_TEST_POSTGRES
  if (given !== undefined) {
    project.provide('postgresUrl', given)
    return async () => {}
  }
  const dataDirectory = await mkdtemp(join(tmpdir(), 'headgate-test-'))
  const server = await startPostgres({ dataDirectory, settings: SETTINGS })
  project.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    for (const directory of [server.directory, dataDirectory]) await rm(directory, { recursive: true, force: true })
  }
}
