// One round of chaos: a run that is disturbed until it ends must leave behind what the same run leaves undisturbed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import { faultsInBooks, type Outcome, outcomeOf } from '../support/outcome.ts'
import { RunningCommand } from './command.ts'
import { drawFaults, FaultInjector } from './faults.ts'
import { type Feed, writeFeed } from './feed.ts'
import { startProxy } from './proxy.ts'
import { type Random, randomOf } from './random.ts'
import type { ChaosServer } from './server.ts'

const disturbedStarts = 3
const starts = 12
const startLimitMilliseconds = 40_000

type Round = { name: string; random: Random; feed: Feed; server: ChaosServer; log: (line: string) => void; compileCache: string }

/** Throws, with the seed and what struck when, if anything is not as after an undisturbed run. */
export async function chaosRound(seed: number, server: ChaosServer, compileCache: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-round-'))
  const lines: string[] = []
  const began = performance.now()
  const random = randomOf(seed)
  const feed = writeFeed(random, folder)
  const { destination, workers, batchSize } = feed.pipeline.spec
  const round = {
    name: `chaos_${seed}`,
    random,
    feed,
    server,
    compileCache,
    log: (line: string) => lines.push(`${Math.round(performance.now() - began)} ms: ${line}`),
  }
  round.log(`${JSON.stringify(destination.postgres)}, ${workers} workers, batches of ${batchSize}`)
  try {
    await compareWithUndisturbed(round)
  } catch (error) {
    throw new Error(`HEADGATE_CHAOS_SEED=${seed} HEADGATE_CHAOS_ROUNDS=1\n${lines.join('\n')}\n${(error as Error).message}`, { cause: error })
  } finally {
    await Promise.all([server.drop(`${round.name}_calm`), server.drop(round.name)]).catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compareWithUndisturbed(round: Round): Promise<void> {
  const { name, server, feed } = round
  const calmUrl = await server.create(`${name}_calm`)
  for (const delivery of feed.deliveries.slice(0, -1)) await runCalmly(calmUrl, feed, delivery)
  const url = await server.create(name, `${name}_calm`)
  const last = feed.deliveries.at(-1) as string
  await runCalmly(calmUrl, feed, last)
  const calm = await look(round, calmUrl)
  await runDisturbed(round, url, last)
  const disturbed = await look(round, url)
  expect(disturbed.outcome.counts).toEqual(calm.outcome.counts)
  expect(disturbed.outcome.rows).toEqual(calm.outcome.rows)
  expect(disturbed.outcome.quarantined).toEqual(calm.outcome.quarantined)
  // Whether a good record that lost to a newer version of an earlier run closes an entry depends on which slice came first.
  if (feed.pipeline.spec.schema.versionField === undefined) expect(disturbed.outcome.unresolved).toEqual(calm.outcome.unresolved)
  expect(disturbed.faults).toEqual([])
  expect(disturbed.connections).toEqual([])
}

/** Every delivery is a run of its own, named after its folder. */
function runName(delivery: string): string {
  return delivery.slice(delivery.lastIndexOf('delivery'))
}

async function runCalmly(databaseUrl: string, { pipeline }: Feed, delivery: string): Promise<void> {
  const file = join(delivery, 'pipeline.yaml')
  await runPipeline({ pipeline, file, databaseUrl, name: runName(delivery), workers: 1, signal: new AbortController().signal, now: new Date() })
}

/** Starts the command again and again under the same name, with fewer and fewer faults, until the run has ended. */
async function runDisturbed(round: Round, url: string, delivery: string): Promise<void> {
  for (let start = 0; start < starts; start++) {
    round.log(`start ${start}`)
    if (start > 0 && (await hasFailed(round, url))) break
    if (await oneStart(round, url, delivery, start < disturbedStarts)) return
  }
  throw await hung(round, url, `the run has not ended after ${starts} starts`)
}

async function oneStart(round: Round, url: string, delivery: string, disturbed: boolean): Promise<boolean> {
  const { random, server, log, compileCache } = round
  const faults = disturbed ? drawFaults(random) : []
  let injector: FaultInjector | undefined
  const proxy = await startProxy(url, (noticed) => injector?.judge(noticed) ?? { do: 'pass' })
  const command = new RunningCommand(['run', join(delivery, 'pipeline.yaml'), '--database', proxy.url, '--name', runName(delivery)], {
    NODE_COMPILE_CACHE: compileCache,
  })
  injector = new FaultInjector(faults, { command, log, crashServer: server.crash })
  const ended = await Promise.race([command.ended, sleep(startLimitMilliseconds, undefined, { ref: false })])
  if (ended === undefined) {
    const error = await hung(round, url, `the command has not ended after ${startLimitMilliseconds} ms`)
    command.signalAll('SIGKILL')
    throw error
  }
  const { code, signal, output } = ended
  await injector.end()
  // Now and then the next start finds workers whose parent was killed still at work.
  if (random.chance(0.5) && !(await command.isGone(20_000))) throw new Error('workers are still there 20 seconds after their parent ended')
  log(`ended with ${signal ?? code}${code === 0 ? '' : `: ${output.trim()}`}`)
  if (!(await command.isGone(code === 0 ? 20_000 : 1))) log('workers outlive it')
  await (code === 0 ? proxy.close() : undefined)
  return code === 0
}

/** Whether the run has failed with an error that is not retryable, which no injected fault may cause. */
async function hasFailed({ server }: Round, url: string): Promise<boolean> {
  const client = await server.connect(url)
  const { rows } = await client.query(`SELECT 1 FROM headgate.run WHERE state = 'Failed' AND failure ->> 'retryable' = 'false'`)
  await client.end()
  return rows.length > 0
}

/** Adds to the log what the store says of a run that does not end. */
async function hung({ server, log }: Round, url: string, message: string): Promise<Error> {
  const client = await server.connect(url)
  for (const text of [
    'SELECT name, state, failure FROM headgate.run ORDER BY id',
    'SELECT ordinal, state, worker, epoch, batches FROM headgate.slice ORDER BY run, ordinal',
    'SELECT code, message FROM headgate.run_event ORDER BY id',
    'SELECT application_name, state, query, wait_event FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  ]) {
    for (const row of (await client.query(text)).rows) log(JSON.stringify(row))
  }
  await client.end()
  return new Error(message)
}

type Look = { outcome: Outcome; faults: string[]; connections: unknown[] }

async function look({ server }: Round, url: string): Promise<Look> {
  const client = await server.connect(url)
  try {
    const connections = async () =>
      (await client.query(`SELECT application_name, state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)).rows
    for (let waited = 0; waited < 5000 && (await connections()).length > 0; waited += 50) await sleep(50)
    return { outcome: await outcomeOf(client, 'chaos.feed'), faults: await faultsInBooks(client), connections: await connections() }
  } finally {
    await client.end()
  }
}
