// Workers that die, freeze and come back, while Redis is there, is wiped, goes away, or never was.
import { expect, test } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { freshRedis } from '../support/redis.ts'
import { ClusterRun, type EndedPod, type Pod, recordsPerFile } from './pod.ts'

const database = await freshDatabase()
await migrate(database.client)
const redis = await freshRedis()

const withRedis = { ...database, redisUrl: redis.url }

async function begun(site: typeof withRedis | typeof database, workers: number): Promise<{ run: ClusterRun; pods: Pod[] }> {
  const run = new ClusterRun(site)
  await run.createTable(0.1)
  const pods = Array.from({ length: workers }, () => run.start())
  await run.atBatch(6)
  return { run, pods }
}

function codes(pods: readonly Pod[]): Promise<(number | string | null)[]> {
  return Promise.all(pods.map(async ({ ended }) => (await ended).signal ?? (await ended).code))
}

/** A pod that holds a slice right now. */
async function holder(run: ClusterRun, pods: readonly Pod[]): Promise<Pod> {
  let found: Pod | undefined
  await expect
    .poll(async () => {
      for (const pod of pods) if ((await run.held(pod)).length > 0) found = pod
      return found
    })
    .toBeDefined()
  return found as Pod
}

test.each([
  { what: 'with Redis', site: withRedis, meanwhile: async () => {} },
  { what: 'without Redis', site: database, meanwhile: async () => {} },
  { what: 'as Redis is wiped', site: withRedis, meanwhile: async () => void (await redis.client.flushall()) },
  { what: 'as Redis starts anew', site: withRedis, meanwhile: () => redis.stop().then(redis.start) },
])('A worker that is killed $what is replaced by the others, who wait for the end', async ({ site, meanwhile }) => {
  const { run, pods } = await begun(site, 3)
  const victim = await holder(run, pods)
  victim.signal('SIGKILL')
  await meanwhile()
  expect((await codes(pods)).toSorted()).toEqual([0, 0, 'SIGKILL'])
  await run.expectComplete()
  expect((await Promise.all(pods.map(({ ended }) => ended))).find(({ code }) => code === 0)).toMatchObject({ report: { state: 'Succeeded' } })
})

test('A run whose Redis goes away for good ends correctly', async () => {
  const { run, pods } = await begun(withRedis, 2)
  await redis.stop()
  const ended: EndedPod[] = await Promise.all(pods.map((pod) => pod.ended))
  expect(ended.map(({ code }) => code)).toEqual([0, 0])
  expect(ended[0]?.log.match(/Redis is not available/g)).toHaveLength(1)
  await run.expectComplete()
  await redis.start()
})

test.each([
  { what: 'with Redis', site: withRedis },
  { what: 'without Redis', site: database },
])('A worker that was taken for dead $what comes back, commits nothing of what it lost, and works on', async ({ site }) => {
  const { run, pods } = await begun(site, 2)
  const zombie = await holder(run, pods)
  const [slice] = await run.held(zombie)
  zombie.signal('SIGSTOP')
  // Frozen in the middle of a transaction it has the slice locked as well.
  await expect.poll(() => run.held(zombie), { timeout: 30_000 }).not.toContain(slice)
  zombie.signal('SIGCONT')
  expect(await codes(pods)).toEqual([0, 0])
  await run.expectComplete()
})

test.each([
  { what: 'with Redis', site: withRedis },
  { what: 'without Redis', site: database },
])('A commit that takes longer than a claim holds is left alone $what', async ({ site }) => {
  const run = new ClusterRun(site, (spec) => {
    spec.source = { files: { paths: ['part-0.csv'] } }
    spec.batchSize = recordsPerFile
  })
  await run.createTable(4)
  expect(await codes([run.start(), run.start()])).toEqual([0, 0])
  expect(await run.epochs()).toEqual([1, 1])
})
