// npm run bench: Headgate, psql, DuckDB and Sling load the same files into the same PostgreSQL, in turns.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPeers, type Peers } from './contestants/peers.ts'
import { findPsql, psqlCopy } from './contestants/psql.ts'
import { type BenchDatabase, createTable, openDatabase } from './database.ts'
import { benchFinish } from './finish/bench.ts'
import { dataFile, type Order } from './generate.ts'
import { benchInputs } from './inputs/bench.ts'
import { describeMachine } from './machine.ts'
import { type Limits, measure } from './measure.ts'
import { type Options, readOptions } from './options.ts'
import { markdown } from './report.ts'
import { type Bench, type Measurement, round } from './rounds.ts'
import { type Contents, chosen, groups, type Step } from './scenarios.ts'
import { documentIn, withSection } from './section.ts'
import { results } from './statistics.ts'

const cache = join(tmpdir(), 'headgate-bench-cache')
const orders: readonly Order[] = ['sorted', 'random']
const seed = 20_260_101

const stop = new AbortController()
// Not `once`: the embedded server ends this process at once unless another listener exists.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
const limits: Limits = { timeoutMilliseconds: 600_000, signal: stop.signal }

try {
  const [section, ...options] = process.argv.slice(2)
  if (section === 'finish') await benchFinish(options, { cache, seed, limits, tell })
  else if (section === 'inputs') await benchInputs(options, { limits, tell })
  else await bench(readOptions(process.argv.slice(2)))
} catch (error) {
  tell((error as Error).message)
  process.exitCode = 1
}

async function bench(options: Options): Promise<void> {
  const psql = await findPsql()
  const { peers, skipped } = await findPeers(options)
  tell(`Files: ${cache} (made once, about ${Math.round((options.rows / 1e6) * 500)} MB)`)
  const files = { sorted: await filesOf(options, 'sorted'), random: await filesOf(options, 'random') }
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-pipelines-'))
  const database = await openDatabase(stop.signal)
  try {
    const planned = (order: Order): Step[][] => chosen(groups({ url: database.url, folder, files: files[order], peers }, order), options.only)
    announce(options, database, planned)
    const measurements = await allRounds(options, { database, expected: await expected(database, files.sorted), limits, tell }, planned)
    const megabytes = Math.round((await stat(files.sorted['edition 1'])).size / 1e6)
    const machine = describeMachine({ PostgreSQL: database.version, psql, peers: peers?.versions ?? 'none' })
    const text = markdown({
      machine,
      settings: database.settings,
      date: new Date(),
      rounds: options.rounds,
      rows: options.rows,
      megabytes,
      skipped,
      results: results(measurements),
    })
    process.stdout.write(`\n${text}`)
    if (options.output !== undefined) await writeFile(options.output, withSection(documentIn(options.output), 'loading', text))
  } finally {
    await Promise.all([database.close(), rm(folder, { recursive: true, force: true })])
  }
}

async function allRounds(options: Options, bench: Bench, planned: (order: Order) => Step[][]): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (let number = 1; number <= options.rounds; number++) {
    for (const order of orders) measurements.push(...(await round(bench, planned(order), order, number)))
  }
  return measurements
}

async function filesOf({ rows, smallRows }: Options, order: Order): Promise<Record<Contents, string>> {
  return {
    'edition 1': await dataFile(cache, { rows, order, edition: 1, seed }, stop.signal),
    'edition 2': await dataFile(cache, { rows, order, edition: 2, seed }, stop.signal),
    small: await dataFile(cache, { rows: smallRows, order, edition: 1, seed }, stop.signal),
  }
}

/** What psql's table holds for each file. Both orders hold the same rows. */
async function expected(database: BenchDatabase, files: Record<Contents, string>): Promise<Record<Contents, string>> {
  const table = 'bench.reference'
  const contents: Partial<Record<Contents, string>> = {}
  for (const [name, file] of Object.entries(files) as [Contents, string][]) {
    await database.prepare(createTable(table, { key: true, managed: false }))
    await measure(psqlCopy(database.url, file, table), limits)
    contents[name] = await database.contents(table)
  }
  await database.prepare([`DROP TABLE ${table}`])
  return contents as Record<Contents, string>
}

async function findPeers(options: Options): Promise<{ peers: Peers | undefined; skipped: string[] }> {
  if (!options.peers) return { peers: undefined, skipped: ['DuckDB and Sling, because of --no-peers'] }
  try {
    return { peers: await installPeers(cache, stop.signal), skipped: [] }
  } catch (error) {
    stop.signal.throwIfAborted()
    const reason = `DuckDB and Sling, which need Python 3 and PyPI: ${(error as Error).message}`
    tell(`SKIPPED: ${reason}`)
    return { peers: undefined, skipped: [reason] }
  }
}

function announce({ rounds, rows }: Options, database: BenchDatabase, planned: (order: Order) => Step[][]): void {
  const steps = orders.flatMap((order) => planned(order).flat()).length
  const minutes = (steps * rounds * (1 + (rows / 2e6) * 14)) / 60
  tell(
    `PostgreSQL ${database.version}, ${Object.entries(database.settings)
      .map((pair) => pair.join(' = '))
      .join(', ')}`,
  )
  tell(`${steps} measurements in each of ${rounds} rounds: about ${Math.ceil(minutes)} minutes`)
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
