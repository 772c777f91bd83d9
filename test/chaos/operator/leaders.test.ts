// Two operators, frozen, killed and replaced at random while runs come without a break: each run gets one Job, and its right end.
// HEADGATE_CHAOS_SEED draws the same faults again.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../support/kubernetes.ts'
import { createRuns } from './feed.ts'
import { Replicas } from './replicas.ts'
import { openScene, type Scene } from './scene.ts'

const leaseMs = 3000
const faults = ['freeze', 'freeze', 'freeze', 'kill', 'kill', 'handOver'] as const

describeWithApiServer('two operators', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath } = await freshNamespace(server)

  test('frozen, killed and replaced at random start each run once and report how it ended', { timeout: 300_000 }, async () => {
    const scene = await openScene(kubeConfig, namespace)
    const replicas = new Replicas({ ...scene, kubeconfigs: [kubeconfigPath, kubeconfigPath], lease: `${leaseMs}ms` })
    try {
      const feeding = createRuns({ ...scene, runs: 200, longestPauseMs: 400, cancelled: 0.1 })
      await disturb(scene, replicas, feeding)
      const names = await feeding
      expect(await scene.verdict()).toEqual([])
      expect(scene.witness.mostAtOnce).toBeGreaterThan(1)
      expect(names).toHaveLength(200)
      await replicas.stop()
    } catch (error) {
      throw scene.told(new Error(`${(error as Error).message}\n${replicas.logTail()}`, { cause: error }))
    } finally {
      await replicas.killAll()
      await scene.close()
    }
  })
})

/** For as long as runs come; each replica by itself, and the leader more often. */
async function disturb({ random, log }: Scene, replicas: Replicas, feeding: Promise<unknown>): Promise<void> {
  let feeds = true
  const over = () => {
    feeds = false
  }
  void feeding.then(over, over)
  const lane = async (index: number) => {
    while (feeds) {
      await sleep(random.between(200, 3000))
      const leads = (await replicas.leader()) === index
      if (!leads && random.chance(0.6)) continue
      const fault = random.pick(faults)
      const milliseconds = fault === 'freeze' ? random.below(2.5 * leaseMs) : random.below(1000)
      log(`${fault} ${index}${leads ? ', which leads' : ''}, ${milliseconds} ms`)
      await replicas[fault](index, milliseconds)
    }
  }
  await Promise.all([lane(0), lane(1)])
}
