// Opens the store a command works on: the database given, or the embedded one of the local mode.

import { StoreSession } from '../../runner/engine/session.ts'
import { classifyError } from '../../runner/loaders/postgres/errors.ts'
import { migrate } from '../../store/migrate.ts'
import { cliConfig } from '../config.ts'

export type OpenStore = { url: string; session: StoreSession; close(): Promise<void> }

/** Starts the embedded PostgreSQL unless a URL is given; `close` stops it again if this command started it. */
export async function openStore(database: string | undefined, signal?: AbortSignal): Promise<OpenStore> {
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

async function startEmbedded(signal: AbortSignal | undefined) {
  const { embeddedStore } = await import('../embedded/index.ts')
  return embeddedStore(cliConfig().home, signal)
}
