// Sling, from PyPI.
import { join } from 'node:path'
import type { Command } from '../measure.ts'
import type { Peers } from './peers.ts'

/** `truncate` keeps the table and its key and replaces the rows; `incremental` is an upsert; `full-refresh` makes the table anew, without a key. */
export function sling(peers: Peers, url: string, csv: string, table: string, mode: 'truncate' | 'incremental' | 'full-refresh'): Command {
  const key = mode === 'incremental' ? ['--primary-key', 'id'] : []
  return {
    file: peers.sling,
    arguments: [
      'run',
      '--src-stream',
      `file://${csv}`,
      '--src-options',
      JSON.stringify({ empty_as_null: true }),
      '--tgt-conn',
      `${url}?sslmode=disable`,
      '--tgt-object',
      table,
      '--mode',
      mode,
      ...key,
    ],
    environment: { SLING_HOME_DIR: join(peers.folder, 'sling'), SLING_DISABLE_TELEMETRY: 'true' },
  }
}
