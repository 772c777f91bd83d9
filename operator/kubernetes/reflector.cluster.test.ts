// The reflector against a real API server: connections cut at random, expired versions, many pages.
import { setTimeout as pause } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, expect, test } from 'vitest'
import { startProxy, type Verdict } from '../../test/chaos/proxy.ts'
import { randomOf } from '../../test/chaos/random.ts'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { ApiError } from './api-error.ts'
import { Cache } from './cache.ts'
import { createClient, type KubeClient } from './client.ts'
import { type ConfigMap, keyOf } from './objects.ts'
import { startReflector } from './reflector.ts'
import { configMaps } from './resources.ts'

const versionOf = ({ metadata }: ConfigMap) => metadata.resourceVersion ?? ''

/** Starts a reflector and records every announcement: the versions in order, `gone` for a deletion. */
async function observe(client: Pick<KubeClient, 'list' | 'watch'>, namespace: string, labelSelector: string) {
  const cache = new Cache<string>()
  const announced = new Map<string, string[]>()
  const onChange = (key: string, version: string | undefined) => void announced.set(key, [...(announced.get(key) ?? []), version ?? 'gone'])
  const problems: unknown[] = []
  const report = (_: string, error: unknown) => problems.push(error)
  const reflector = startReflector({ client, resource: configMaps, namespace, labelSelector, keep: versionOf, cache, onChange, report })
  await reflector.synced
  return { cache, announced, problems, reflector }
}

async function until(met: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await met()) return
    await pause(100)
  }
  throw new Error('timed out waiting for the condition')
}

describeWithApiServer('the reflector', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  afterAll(() => client.close())

  const draft = (name: string, set: string, data: Record<string, string> = {}) => ({ metadata: { name, namespace, labels: { set } }, data })
  const onServer = async (set: string) => {
    const versions = new Map<string, string>()
    let from: string | undefined
    do {
      const page = await client.list(configMaps, { namespace, labelSelector: `set=${set}`, limit: 500, continue: from })
      for (const object of page.items) versions.set(keyOf(object), versionOf(object))
      from = page.continue
    } while (from !== undefined)
    return versions
  }
  const held = (cache: Cache<string>) => new Map([...cache.keys()].map((key) => [key, cache.get(key) ?? '']))

  test('more than a thousand objects come in pages of 500, each announced once', async () => {
    const names = Array.from({ length: 1050 }, (_, index) => `many-${index}`)
    const create = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await client.create(configMaps, draft(name, 'many'))
    }
    await Promise.all(Array.from({ length: 8 }, create))
    const limits: number[] = []
    const counting: Pick<KubeClient, 'list' | 'watch'> = {
      watch: client.watch.bind(client),
      list: async (resource, options) => {
        const page = await client.list(resource, options)
        limits.push(page.items.length)
        return page
      },
    }
    const { cache, announced, reflector } = await observe(counting, namespace, 'set=many')
    await reflector.stop()
    expect(limits).toEqual([500, 500, 50])
    expect(held(cache)).toEqual(await onServer('many'))
    expect([...announced.values()].every((versions) => versions.length === 1)).toBe(true)
  })

  test('an expired version causes another list, which announces the missed changes only', async () => {
    for (const name of ['stays', 'goes', 'changes']) await client.create(configMaps, draft(name, 'expiring'))
    let watches = 0
    const expiring = {
      list: client.list.bind(client),
      watch: async function* (...[resource, options]: Parameters<KubeClient['watch']>) {
        if (watches++ > 0) return yield* client.watch(resource, options)
        await client.delete(configMaps, 'goes', namespace)
        await client.apply(configMaps, draft('changes', 'expiring', { a: '2' }))
        await client.create(configMaps, draft('comes', 'expiring'))
        throw new ApiError(410, 'Expired', 'too old')
      } as KubeClient['watch'],
    }
    const { cache, announced, reflector } = await observe(expiring, namespace, 'set=expiring')
    await until(() => watches > 1)
    await reflector.stop()
    expect(held(cache)).toEqual(await onServer('expiring'))
    expect(Object.fromEntries([...announced].map(([key, versions]) => [key.split('/')[1], versions.length]))).toEqual({
      stays: 1,
      goes: 2,
      changes: 2,
      comes: 1,
    })
    expect(announced.get(`${namespace}/goes`)?.[1]).toBe('gone')
  })

  test('with connections cut at random no version is missed or announced twice', async () => {
    const random = randomOf(20261123)
    let cutting = true
    const verdicts: Verdict[] = [
      { do: 'cut', when: 'before' },
      { do: 'cut', when: 'after' },
      { do: 'stall', milliseconds: 50 },
      { do: 'halfOpen', direction: 'toClient', milliseconds: 100 },
    ]
    let cuts = 0
    const proxy = await startProxy(kubeConfig.getCurrentCluster()?.server ?? '', () => {
      const verdict = cutting && random.chance(0.3) ? random.pick(verdicts) : undefined
      if (verdict !== undefined) cuts++
      return verdict ?? { do: 'pass' }
    })
    const through = createClient(by(proxy.url, kubeConfig))
    const { cache, announced, problems, reflector } = await observe(through, namespace, 'set=cut')

    const written = new Map<string, string[]>()
    const note = (name: string, version: string) => written.set(`${namespace}/${name}`, [...(written.get(`${namespace}/${name}`) ?? []), version])
    const live = async (writer: number) => {
      // A slow machine needs longer for as many cuts.
      for (let step = 0; step < 120 || (step < 600 && cuts <= 20); step++) {
        const name = `cut-${writer}-${step % 7}`
        await pause(random.below(80))
        const exists = written.get(`${namespace}/${name}`)?.at(-1) ?? 'gone'
        if (exists !== 'gone' && random.chance(0.3)) {
          await client.delete(configMaps, name, namespace)
          note(name, 'gone')
        } else {
          const data = { step: String(step), bulk: 'x'.repeat(1500) }
          note(name, versionOf(await client.apply(configMaps, draft(name, 'cut', data))))
        }
      }
    }
    await Promise.all(Array.from({ length: 6 }, (_, writer) => live(writer)))
    cutting = false
    const expected = await onServer('cut')
    await until(() => JSON.stringify([...held(cache)].sort()) === JSON.stringify([...expected].sort()))
    await reflector.stop()
    await Promise.all([through.close(), proxy.close()])
    expect(Object.fromEntries(announced)).toEqual(Object.fromEntries(written))
    expect(cuts).toBeGreaterThan(20)
    expect(problems.length).toBeGreaterThan(10)
  })
})

/** The same cluster at another address. */
function by(url: string, kubeConfig: KubeConfig): KubeConfig {
  const other = new KubeConfig()
  other.loadFromString(kubeConfig.exportConfig())
  other.clusters = other.clusters.map((cluster) => ({ ...cluster, server: url }))
  return other
}
