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
let server: ChaosServer

beforeAll(async () => {
  server = await startChaosServer()
})

afterAll(async () => {
  await server.stop()
  rmSync(compileCache, { recursive: true, force: true })
})

const batches = Array.from({ length: Math.ceil(rounds / roundsPerTest) }, (_, batch) => {
  const first = seed + batch * roundsPerTest
  return { first, last: Math.min(first + roundsPerTest, seed + rounds) - 1 }
})

test.each(batches)('A run disturbed at random ends like an undisturbed one, seeds $first to $last', { timeout: 600_000 }, async ({ first, last }) => {
  expect(last).toBeGreaterThanOrEqual(first)
  for (let round = first; round <= last; round++) await chaosRound(round, server, compileCache)
})
