// Opens the store a command works on: the database given, or the embedded one of the local mode.
import pg from 'pg'
import { HeadgateError } from '../../sdk/index.ts'
import { classifyError } from '../../store/errors.ts'
import { migrate } from '../../store/migrate.ts'
import { StoreSession } from '../../store/session.ts'
import { cliConfig } from '../config.ts'

export type OpenStore = { url: string; session: StoreSession; close(): Promise<void> }

/** Starts the embedded PostgreSQL unless a URL is given; `close` stops it again if this command started it. */
export async function openStore(database: string | undefined, signal?: AbortSignal): Promise<OpenStore> {
  if (database !== undefined) checkUrl(database)
  const embedded = database === undefined ? await startEmbedded(signal) : undefined
  const url = database ?? (embedded as { url: string }).url
  const session = new StoreSession(url, 'headgate')
  const close = async () => {
    await session.close()
    await embedded?.close()
  }
  try {
    await migrate(url)
  } catch (error) {
    await close()
    throw classifyError(error)
  }
  return { url, session, close }
}

/** Quotes no part of the URL, which may hold a password. */
function checkUrl(database: string): void {
  if (!/^postgres(ql)?:\/\//.test(database)) {
    throw new HeadgateError(
      'InvalidConfig',
      'the database must be a URL that begins with postgresql:// or postgres://, such as postgresql://me@localhost/sales',
    )
  }
  try {
    new pg.Client({ connectionString: database })
  } catch {
    throw new HeadgateError('InvalidConfig', 'the database URL cannot be read; write special characters of user and password as %xx, such as %40 for @')
  }
}

async function startEmbedded(signal: AbortSignal | undefined) {
  const { embeddedStore } = await import('../embedded/store.ts')
  return embeddedStore(cliConfig().home, signal)
}
