// Leader election on a fake clock, including processes that were frozen.
import { expect, test } from 'vitest'
import { ApiError, isNotLeading } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { guarded } from './guarded.ts'
import { LeaderElection } from './lease.ts'
import type { Lease } from './objects.ts'
import { type FakeClock, fakeClock } from './testing/clock.ts'

/** A server with one Lease that reports conflicts; requests of the identities in `broken` fail. */
function leaseServer() {
  let stored: Lease | undefined
  let version = 0
  const broken = new Set<string>()
  const store = (lease: Lease) => {
    stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++version) } }
    return stored
  }
  const clientFor = (identity: string) => {
    const reach = async () => {
      if (broken.has(identity)) throw new ApiError(0, 'Unreachable', 'no way')
    }
    return {
      get: async () => reach().then(() => stored),
      create: async (_: unknown, lease: Lease) => {
        await reach()
        if (stored !== undefined) throw new ApiError(409, 'AlreadyExists', 'there')
        return store(lease)
      },
      replace: async (_: unknown, lease: Lease) => {
        await reach()
        if (lease.metadata.resourceVersion !== stored?.metadata.resourceVersion) throw new ApiError(409, 'Conflict', 'changed')
        return store(lease)
      },
    } as unknown as KubeClient
  }
  return { clientFor, broken, stored: () => stored }
}

function candidate(server: ReturnType<typeof leaseServer>, clock: FakeClock, identity: string, ending?: () => Promise<void>) {
  const told: string[] = []
  const election = new LeaderElection({
    client: server.clientFor(identity),
    namespace: 'headgate',
    name: 'operator',
    identity,
    clock,
    random: () => 1,
    report: () => undefined,
    metrics: { leading: (_, leading) => void told.push(leading ? 'leads' : 'follows') },
  })
  const stop = new AbortController()
  const onStarted = async (signal: AbortSignal) => {
    told.push('started')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await ending?.()
    told.push('ended')
  }
  const over = election.run({ onStarted, onStopped: () => void told.push('stopped') }, stop.signal)
  return { election, told, stop: () => stop.abort(), over }
}

test('One of two candidates leads, and the other takes over soon after the lease is released', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const [a, b] = [candidate(server, clock, 'a'), candidate(server, clock, 'b')]
  await clock.advance(60_000)
  expect([a.election.stillLeading(), b.election.stillLeading(), b.election.leader]).toEqual([true, false, 'a'])
  a.stop()
  await clock.advance(3000)
  await a.over
  expect(a.told).toEqual(['follows', 'leads', 'started', 'ended', 'follows', 'stopped'])
  expect([a.election.stillLeading(), b.election.stillLeading()]).toEqual([false, true])
  expect(server.stored()?.spec).toMatchObject({ holderIdentity: 'b', leaseDurationSeconds: 15 })
  b.stop()
  await clock.advance(3000)
  await b.over
})

test('The lease is renewed until the work has ended, and then released', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  let end: () => void = () => undefined
  const a = candidate(
    server,
    clock,
    'a',
    () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  )
  await clock.advance(1000)
  a.stop()
  const b = candidate(server, clock, 'b')
  await clock.advance(120_000)
  expect([a.election.stillLeading(), b.election.stillLeading()]).toEqual([true, false])
  end()
  await clock.advance(3000)
  await a.over
  expect(b.election.stillLeading()).toBe(true)
  b.stop()
  await b.over
})

test('A leader that cannot renew stops before another starts', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const [a, b] = [candidate(server, clock, 'a'), candidate(server, clock, 'b')]
  await clock.advance(5000)
  server.broken.add('a')
  for (let second = 0; second < 40; second++) {
    await clock.advance(1000)
    expect(a.election.stillLeading() && b.election.stillLeading()).toBe(false)
  }
  expect([a.election.stillLeading(), b.election.stillLeading()]).toEqual([false, true])
  expect(a.told.slice(0, 6)).toEqual(['follows', 'leads', 'started', 'follows', 'ended', 'stopped'])
  server.broken.delete('a')
  for (const one of [a, b]) one.stop()
  await clock.advance(3000)
  await Promise.all([a.over, b.over])
})

test('The guarded client of a leader that was frozen writes nothing', async () => {
  const server = leaseServer()
  const [clockOfA, clockOfB] = [fakeClock(), fakeClock()]
  const [a, b] = [candidate(server, clockOfA, 'a'), candidate(server, clockOfB, 'b')]
  await Promise.all([clockOfA.advance(5000), clockOfB.advance(5000)])
  const writes: string[] = []
  const client = { create: async () => void writes.push('written') } as unknown as KubeClient
  const safe = guarded(client, a.election)
  await safe.create({} as never, {} as never)
  await clockOfB.advance(20_000)
  clockOfA.freeze(20_000)
  expect([a.election.stillLeading(), b.election.stillLeading()]).toEqual([false, true])
  expect(isNotLeading(await safe.create({} as never, {} as never).catch((error: unknown) => error))).toBe(true)
  expect(writes).toEqual(['written'])
  await clockOfA.advance(5000)
  expect(a.told.slice(0, 6)).toEqual(['follows', 'leads', 'started', 'follows', 'ended', 'stopped'])
  expect(a.election.leader).toBe('b')
  for (const one of [a, b]) one.stop()
  await Promise.all([clockOfA.advance(3000), clockOfB.advance(3000)])
  await Promise.all([a.over, b.over])
})

test('A lease is kept after a foreign edit, and lost when another candidate takes it', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const a = candidate(server, clock, 'a')
  await clock.advance(1000)
  const admin = server.clientFor('admin')
  const touch = async (change: Partial<NonNullable<Lease['spec']>>) => {
    const lease = server.stored() as Lease
    await admin.replace({} as never, { ...lease, spec: { ...lease.spec, ...change } })
  }
  await touch({ leaseTransitions: 7 })
  await clock.advance(5000)
  expect(a.election.stillLeading()).toBe(true)
  await touch({ holderIdentity: 'z' })
  await clock.advance(5000)
  expect(a.election.stillLeading()).toBe(false)
  expect(a.told).toContain('stopped')
  a.stop()
  await a.over
})

test('The lease is released when the work fails', async () => {
  const server = leaseServer()
  const clock = fakeClock()
  const problems: unknown[] = []
  const failing = new LeaderElection({
    client: server.clientFor('f'),
    namespace: 'headgate',
    name: 'other',
    identity: 'f',
    clock,
    report: (_, error) => problems.push(error),
  })
  const stop = new AbortController()
  const onStarted = async () => {
    throw new Error('cannot work')
  }
  const over = failing.run({ onStarted, onStopped: () => stop.abort() }, stop.signal)
  await clock.advance(5000)
  await over
  expect(problems).toHaveLength(1)
  expect(server.stored()?.spec?.holderIdentity).toBe('')
})

test('A candidate stopped while acquiring the lease releases it and starts no work', async () => {
  const server = leaseServer()
  const a = candidate(server, fakeClock(), 'a')
  a.stop()
  await a.over
  expect([server.stored()?.spec?.holderIdentity || 'nobody', a.told]).toEqual(['nobody', ['follows']])
})

test('Timings that would allow two leaders are refused', () => {
  const options = { client: leaseServer().clientFor('a'), namespace: 'a', name: 'a', identity: 'a', report: () => undefined }
  expect(() => new LeaderElection({ ...options, leaseMs: 10_000, renewDeadlineMs: 10_000 })).toThrow(RangeError)
  expect(() => new LeaderElection({ ...options, retryMs: 10_000 })).toThrow(RangeError)
})
