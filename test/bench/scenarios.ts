// What is measured: groups of steps. Within a group each step finds what the one before left in the table.
import { duckdb } from './contestants/duckdb.ts'
import { headgate, type Load } from './contestants/headgate.ts'
import type { Peers } from './contestants/peers.ts'
import { psqlBinary, psqlByHand, psqlCopy, psqlUpsert } from './contestants/psql.ts'
import { sling } from './contestants/sling.ts'
import { createTable, settle } from './database.ts'
import type { Order } from './generate.ts'
import type { Command } from './measure.ts'
import type { Target } from './targets.ts'

/** What a step is compared with: psql into a table with its key, psql adding the key afterwards, psql with the small file. */
export type Base = 'keyed' | 'by hand' | 'small'

/** What must be in the table afterwards. */
export type Contents = 'edition 1' | 'edition 2' | 'small'

export type Step = {
  name: string
  contestant: 'psql' | 'headgate' | 'DuckDB' | 'Sling'
  processes: number
  base: Base
  /** Whether this is the measurement that others are compared with. */
  isBase?: boolean
  target?: Target
  /** Statements that make the table ready; they are not measured. */
  setUp: readonly string[]
  table: string
  contents: Contents
  /** For tables that a peer makes with types of its own: only the rows are counted. */
  ownTypes?: boolean
  command(run: string): Command | Promise<Command>
}

export type Surroundings = {
  url: string
  /** For manifests. */
  folder: string
  files: Record<Contents, string>
  peers: Peers | undefined
}

/** One process and two: the targets of the two, from the design's budget. */
type Targets = readonly [number, number]

export function groups(surroundings: Surroundings, order: Order): Step[][] {
  const { peers } = surroundings
  const ours = [1, 2].flatMap((processes) => headgateGroups(surroundings, processes))
  const small = order === 'sorted' ? [psqlSmall(surroundings), ...[1, 2].map((processes) => headgateSmall(surroundings, processes))] : []
  const theirs = peers === undefined ? [] : [...duckdbGroups(surroundings, peers), ...slingGroups(surroundings, peers)]
  // psql twice in a round, for everything is compared with it.
  return [
    psqlKeyed(surroundings),
    psqlHand(surroundings),
    ...ours,
    psqlKeyed(surroundings),
    psqlHand(surroundings),
    psqlUpserts(surroundings),
    ...theirs,
    ...small,
  ]
}

function headgateGroups(surroundings: Surroundings, processes: number): Step[][] {
  const step = (name: string, targets: Targets, setUp: string[], load: Omit<Load, 'csv' | 'processes'>, contents: Contents = 'edition 1'): Step => ({
    ...headgateStep(surroundings, name, processes, { ...load, contents }),
    base: load.mode === 'Replace' || load.createTable === true ? 'by hand' : 'keyed',
    target: { ratio: targets[processes - 1] as number },
    setUp,
  })
  const empty = (table: string) => createTable(table, { key: true, managed: true })
  const upsert = { table: 'bench.upsert', mode: 'Upsert' } as const
  return [
    [step('append', [1.2, 1.35], empty('bench.append'), { table: 'bench.append', mode: 'Append' })],
    [
      step('upsert, first load', [1, 1.2], empty(upsert.table), upsert),
      step('upsert, identical re-load', [0.95, 0.95], settle(upsert.table), upsert),
      step('upsert, all rows changed', [0.45, 0.7], settle(upsert.table), upsert, 'edition 2'),
      step('replace', [1, 1.4], settle(upsert.table), { table: upsert.table, mode: 'Replace' }),
    ],
    [step('first load, table created', [1, 1.4], ['DROP TABLE IF EXISTS bench.created'], { table: 'bench.created', mode: 'Upsert', createTable: true })],
  ]
}

function headgateStep({ url, folder, files }: Surroundings, name: string, processes: number, load: Omit<Load, 'csv' | 'processes'> & { contents: Contents }) {
  const { contents, ...rest } = load
  return {
    name: `headgate ${name}`,
    contestant: 'headgate',
    processes,
    table: load.table,
    contents,
    command: (run: string) => headgate(url, folder, run, { ...rest, csv: files[contents], processes }),
  } as const
}

function headgateSmall(surroundings: Surroundings, processes: number): Step[] {
  const table = 'bench.small'
  const step = headgateStep(surroundings, 'small file, upsert', processes, { table, mode: 'Upsert', contents: 'small' })
  return [{ ...step, base: 'small', target: { times: 1.5, plusSeconds: 0.5 }, setUp: createTable(table, { key: true, managed: true }) }]
}

function psqlKeyed({ url, files, folder }: Surroundings): Step[] {
  const table = 'bench.psql'
  const binary = 'bench.psql_binary'
  const command = () => psqlCopy(url, files['edition 1'], table)
  return [
    { ...psqlStep('csv → key'), base: 'keyed', isBase: true, table, contents: 'edition 1', setUp: createTable(table, { key: true, managed: false }), command },
    {
      ...psqlStep('binary → key, with _run and _pos'),
      base: 'keyed',
      table: binary,
      contents: 'edition 1',
      setUp: createTable(binary, { key: true, managed: true }),
      command: () => psqlBinary(url, table, binary, folder),
    },
  ]
}

function psqlHand({ url, files }: Surroundings): Step[] {
  const table = 'bench.psql'
  const command = () => psqlByHand(url, files['edition 1'], table)
  return [
    { ...psqlStep('create, csv, add key'), base: 'by hand', isBase: true, table, contents: 'edition 1', setUp: [`DROP TABLE IF EXISTS ${table}`], command },
  ]
}

function psqlSmall({ url, files }: Surroundings): Step[] {
  const table = 'bench.small'
  const command = () => psqlCopy(url, files.small, table)
  return [
    {
      ...psqlStep('small file, csv → key'),
      base: 'small',
      isBase: true,
      table,
      contents: 'small',
      setUp: createTable(table, { key: true, managed: false }),
      command,
    },
  ]
}

function psqlUpserts({ url, files }: Surroundings): Step[] {
  const table = 'bench.psql'
  const step = (name: string, setUp: string[]): Step => {
    return { ...psqlStep(name), base: 'keyed', table, contents: 'edition 1', setUp, command: () => psqlUpsert(url, files['edition 1'], table) }
  }
  return [step('ON CONFLICT, first load', createTable(table, { key: true, managed: false })), step('ON CONFLICT, again', settle(table))]
}

function psqlStep(name: string) {
  return { name: `psql ${name}`, contestant: 'psql', processes: 1 } as const
}

function duckdbGroups({ url, files }: Surroundings, peers: Peers): Step[][] {
  const table = 'bench.duckdb'
  const step = (mode: 'append' | 'upsert', name: string, setUp: string[]): Step => ({
    name: `DuckDB ${name}`,
    contestant: 'DuckDB',
    processes: 1,
    base: 'keyed',
    table,
    contents: 'edition 1',
    setUp: [...setUp, 'DROP TABLE IF EXISTS bench.duckdb_stage'],
    command: () => duckdb(peers, url, files['edition 1'], table, mode),
  })
  const empty = createTable(table, { key: true, managed: false })
  return [[step('append', 'append', empty)], [step('upsert', 'upsert, first load', empty), step('upsert', 'upsert, again', settle(table))]]
}

function slingGroups({ url, files }: Surroundings, peers: Peers): Step[][] {
  const table = 'bench.sling'
  const step = (mode: Parameters<typeof sling>[4], name: string, setUp: string[]): Step => ({
    name: `Sling ${name}`,
    contestant: 'Sling',
    processes: 1,
    base: mode === 'full-refresh' ? 'by hand' : 'keyed',
    table,
    contents: 'edition 1',
    ownTypes: mode === 'full-refresh',
    setUp: [...setUp, 'DROP TABLE IF EXISTS bench.sling_tmp'],
    command: () => sling(peers, url, files['edition 1'], table, mode),
  })
  const empty = createTable(table, { key: true, managed: false })
  return [
    [step('truncate', 'append (truncate)', empty)],
    [step('incremental', 'upsert, first load', empty), step('incremental', 'upsert, again', settle(table))],
    [step('full-refresh', 'first load, table created', [`DROP TABLE IF EXISTS ${table}`])],
  ]
}

/** The selected steps, with the steps they require, and those they are compared with. */
export function chosen(all: readonly Step[][], only: RegExp | undefined): Step[][] {
  if (only === undefined) return [...all]
  const wanted = all.map((group) => group.slice(0, group.findLastIndex((step) => step.isBase !== true && only.test(step.name)) + 1))
  const bases = new Set(wanted.flat().map((step) => step.base))
  return all
    .map((group, index) => (group.some((step) => step.isBase === true && bases.has(step.base)) ? group : (wanted[index] as Step[])))
    .filter((group) => group.length > 0)
}
