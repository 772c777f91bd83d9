// The API server and its etcd crash and come back, again and again, while runs come and go: everything resumes where it was.
// HEADGATE_CHAOS_SEED draws the same faults again.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ApiServer } from '../../cluster/api-server.ts'
import { describeWithOwnApiServer } from '../../support/kubernetes.ts'
import { createRuns } from './feed.ts'
import { Replicas } from './replicas.ts'
import { openScene, type Scene } from './scene.ts'

const namespace = 'default'
const runs = 60
const crashes = 4

describeWithOwnApiServer('two operators whose API server crashes', (server) => {
  test('and comes back start each run once and report how it ended', { timeout: 300_000 }, async () => {
    const its = server()
    const { kubeConfig, kubeconfigPath } = its
    const scene = await openScene(kubeConfig, namespace)
    const replicas = new Replicas({ ...scene, kubeconfigs: [kubeconfigPath, kubeconfigPath], lease: '5s' })
    try {
      const [names] = await Promise.all([createRuns({ ...scene, runs, longestPauseMs: 600, cancelled: 0.1 }), crashNowAndThen(scene, its)])
      expect(await scene.verdict()).toEqual([])
      expect(names).toHaveLength(runs)
      await replicas.stop()
    } catch (error) {
      throw scene.told(new Error(`${(error as Error).message}\n${replicas.logTail()}`, { cause: error }))
    } finally {
      await replicas.killAll()
      await scene.close()
    }
  })
})

async function crashNowAndThen({ random, log }: Scene, server: Pick<ApiServer, 'crash' | 'resume'>): Promise<void> {
  for (let crash = 0; crash < crashes; crash++) {
    await sleep(random.between(1500, 6000))
    const away = random.below(4000)
    log(`crash, away for ${away} ms`)
    await server.crash()
    await sleep(away)
    await server.resume()
  }
}
