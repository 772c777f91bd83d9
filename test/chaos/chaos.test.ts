// Chaos: runs that are killed, cut off and crashed at random moments leave behind exactly what an undisturbed run does.
// HEADGATE_CHAOS_SEED draws the same rounds again; HEADGATE_CHAOS_ROUNDS says how many.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chaosRound } from './round.ts'
import { type ChaosServer, startChaosServer } from './server.ts'

const seed = Number(process.env.HEADGATE_CHAOS_SEED ?? Date.now() % 1_000_000)
const rounds = Number(process.env.HEADGATE_CHAOS_ROUNDS ?? 50)
const roundsPerTest = 10

const compileCache = mkdtempSync(join(tmpdir(), 'headgate-compiled-'))
/** Rounds that go on at once have a server each, because a crash hits everyone on it. */
let servers: ChaosServer[] = []

beforeAll(async () => {
  servers = await Promise.all([startChaosServer(), startChaosServer()])
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(compileCache, { recursive: true, force: true })
})

const batches = Array.from({ length: Math.ceil(rounds / roundsPerTest) }, (_, batch) => {
  const first = seed + batch * roundsPerTest
  return { first, last: Math.min(first + roundsPerTest, seed + rounds) - 1 }
})

test.each(batches)('A run disturbed at random ends like an undisturbed one, seeds $first to $last', { timeout: 600_000 }, async ({ first, last }) => {
  const seeds = Array.from({ length: last - first + 1 }, (_, round) => first + round)
  const failures: string[] = []
  const lane = async (server: ChaosServer) => {
    for (let round = seeds.shift(); round !== undefined; round = seeds.shift()) {
      await chaosRound(round, server, compileCache).catch((error: Error) => failures.push(error.message))
    }
  }
  await Promise.all(servers.map(lane))
  expect(failures.join('\n\n')).toBe('')
})
