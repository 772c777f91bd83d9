// The PostgreSQL of a chaos suite: its own, because it is crashed and started again; and databases on it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../cli/embedded/server.ts'
import { migrate } from '../../store/migrate.ts'

/** A crash is of the server's processes and not of the machine, so what was written need not have reached the disk. */
const settings = { fsync: 'off', shared_buffers: '64MB', max_connections: '60', jit: 'off', autovacuum: 'off' }

export type ChaosServer = {
  /** Makes a database, empty but for the store's schema, or as a copy of another. Returns its URL. */
  create(name: string, copyOf?: string): Promise<string>
  drop(name: string): Promise<void>
  /** SIGKILL and start again. */
  crash(): Promise<void>
  connect(url: string): Promise<pg.Client>
  stop(): Promise<void>
}

const template = 'chaos_template'

export async function startChaosServer(): Promise<ChaosServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'headgate-chaos-'))
  const server = await startPostgres({ dataDirectory, settings })
  const urlOf = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  const execute = async (statement: string) => {
    const client = await connect(server.url)
    await client.query(statement).finally(() => client.end())
  }
  await execute(`CREATE DATABASE ${template}`)
  await migrate(urlOf(template))
  return {
    create: async (name, copyOf = template) => {
      // A copy through the log would take sequences back when the server crashes, which is PostgreSQL's own fault.
      await execute(`CREATE DATABASE ${name} TEMPLATE ${copyOf} STRATEGY FILE_COPY`)
      return urlOf(name)
    },
    drop: (name) => execute(`DROP DATABASE ${name} WITH (FORCE)`),
    crash: async () => {
      server.kill()
      await server.restart()
    },
    connect,
    stop: async () => {
      await server.stop()
      for (const directory of [server.directory, dataDirectory]) await rm(directory, { recursive: true, force: true })
    },
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' })
  client.on('error', () => {})
  await client.connect()
  return client
}
