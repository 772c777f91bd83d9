// DuckDB, from PyPI, with its PostgreSQL extension.
import { fileURLToPath } from 'node:url'
import type { Command } from '../measure.ts'
import type { Peers } from './peers.ts'
import { upsertStatement } from './psql.ts'

const script = fileURLToPath(new URL('duckdb_load.py', import.meta.url))

export function duckdb(peers: Peers, url: string, csv: string, table: string, mode: 'append' | 'upsert'): Command {
  return { file: peers.python, arguments: [script, url, csv, table, mode, ...(mode === 'upsert' ? [upsertStatement(table, 'bench.duckdb_stage')] : [])] }
}
