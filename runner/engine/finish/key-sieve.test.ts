import { randomFillSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { KeySieve } from './key-sieve.ts'

function distinct(count: number): Buffer {
  const keys = randomFillSync(Buffer.alloc(count * 8))
  for (let index = 0; index < count; index++) keys.writeUInt32BE(index, index * 8)
  return keys
}

it('keeps every key that was added more than once, in order, and few others', () => {
  const sieve = new KeySieve()
  const keys = distinct(200_000)
  const twice = keys.subarray(1000 * 8, 1500 * 8)
  sieve.add(keys)
  sieve.add(twice)
  const kept = sieve.kept(keys)
  expect(kept.indexOf(twice.subarray(0, 8))).toBeGreaterThanOrEqual(0)
  expect(sieve.kept(twice).equals(twice)).toBe(true)
  expect(kept.length / 8).toBeGreaterThanOrEqual(500)
  expect(kept.length / 8).toBeLessThan(5000)
})

it('counts the added keys that it keeps', () => {
  const sieve = new KeySieve()
  const batches = [distinct(300_000), distinct(1000), distinct(10)]
  const third = (batches[1] as Buffer).subarray(0, 800)
  batches.push(third, third)
  for (const batch of batches) sieve.add(batch)
  expect(sieve.repeated).toBe(batches.reduce((sum, batch) => sum + sieve.kept(batch).length / 8, 0))
})

it('keeps none of a few distinct keys', () => {
  const sieve = new KeySieve()
  sieve.add(Buffer.from('0000000000000001000000000000000200000001000000010000000200000001', 'hex'))
  expect(sieve.repeated).toBe(0)
})
