// Connections between two operators and the API server are cut, held up and black-holed at random: no run and no tick is missed or
// doubled, and what was deleted is not made again. HEADGATE_CHAOS_SEED draws the same faults again.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { hasEnded } from '../../../operator/cache/runs.ts'
import { configMaps, jobs, pipelineRuns, pods } from '../../../operator/kubernetes/resources.ts'
import { describeWithApiServer, freshNamespace } from '../../support/kubernetes.ts'
import { Clock } from './clock.ts'
import { cutConnections, proxied } from './cuts.ts'
import { createRuns } from './feed.ts'
import { Replicas } from './replicas.ts'
import { openScene, type Scene } from './scene.ts'

const runs = 100
const ticks = 8

describeWithApiServer('two operators whose connections are cut', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath } = await freshNamespace(server)

  test('at random start each run once, turn each tick into one run, and report how they ended', { timeout: 300_000 }, async () => {
    const scene = await openScene(kubeConfig, namespace)
    const clock = new Clock({ ...scene, pipeline: 'ticking' })
    const ways = [await proxied(kubeconfigPath), await proxied(kubeconfigPath)]
    const replicas = new Replicas({ ...scene, kubeconfigs: ways.map((way) => way.kubeconfigPath), lease: '5s' })
    try {
      await scene.stage.createPipeline('ticking', { schedule: { cron: '* * * * *', concurrency: 'Allow', catchUp: 10 } })
      const feeding = Promise.all([createRuns({ ...scene, runs, longestPauseMs: 1200, cancelled: 0.1 }), clock.tick(ticks)])
      let goesOn = true
      const over = () => {
        goesOn = false
      }
      void feeding.then(over, over)
      await cutConnections({ ...scene, proxies: ways.map(({ proxy }) => proxy), goesOn: () => goesOn })
      const [, ticked] = await feeding
      const deleted = await deleteHalf(scene, clock, ticked)
      expect(await scene.verdict()).toEqual([])
      expect([...clock.made].filter(([, uids]) => uids.size > 1)).toEqual([])
      expect(clock.made.size).toBe(ticks)
      for (const name of deleted) expect(await scene.stage.run(name)).toBeUndefined()
      await replicas.stop()
    } catch (error) {
      throw scene.told(new Error(`${(error as Error).message}\n${replicas.logTail()}`, { cause: error }))
    } finally {
      await replicas.killAll()
      await scene.close()
      await clock.end()
      for (const way of ways) await way.close()
    }
  })
})

/** Deletes every second run of a tick after it has ended, with its dependents, because no garbage collector runs here. Returns their names. */
async function deleteHalf({ client, namespace, stage }: Scene, clock: Clock, ticked: readonly string[]): Promise<string[]> {
  const names: string[] = []
  for (const tick of ticked.filter((_, index) => index % 2 === 0)) {
    const name = await clock.runOf(tick)
    for (let run = await stage.run(name); run === undefined || !hasEnded(run); run = await stage.run(name)) await sleep(100)
    await client.delete(pipelineRuns, name, namespace)
    await client.delete(jobs, name, namespace, { propagation: 'Background' })
    await client.delete(configMaps, `${name}-snapshot`, namespace)
    await client.delete(pods, `${name}-0-0`, namespace)
    names.push(name)
  }
  return names
}
