// Two candidate processes on a real API server: one is frozen with SIGSTOP, the other takes over, then the first continues.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { createClient } from './client.ts'
import { configMaps, leases } from './resources.ts'

type Candidate = { child: ChildProcess; told: string[]; tells(what: string): Promise<void> }

describeWithApiServer('two candidates', async (server) => {
  const { namespace, kubeConfig, kubeconfigPath } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  const children: ChildProcess[] = []
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await client.close()
  })

  function start(identity: string): Candidate {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/candidate.ts'), kubeconfigPath, namespace, identity], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const told: string[] = []
    const listeners = new Set<() => void>()
    createInterface({ input: child.stdout }).on('line', (line) => {
      told.push(line)
      for (const listener of listeners) listener()
    })
    const tells = (what: string) =>
      new Promise<void>((resolve) => {
        const look = () => told.includes(what) && resolve()
        listeners.add(look)
        look()
      })
    return { child, told, tells }
  }

  const writesBy = async (identity: string) => {
    const { items } = await client.list(configMaps, { namespace })
    return items.filter(({ data }) => data?.identity === identity).length
  }

  test('a frozen leader writes nothing after another leads, and a released lease is taken over at once', async () => {
    const a = start('a')
    await a.tells('wrote')
    const b = start('b')
    a.child.kill('SIGSTOP')
    await b.tells('started')
    const before = await writesBy('a')
    expect(before).toBeGreaterThan(0)

    a.child.kill('SIGCONT')
    await a.tells('refused')
    await a.tells('stopped')
    expect(await writesBy('a')).toBe(before)
    expect((await client.get(leases, 'candidates', namespace))?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })

    b.child.kill('SIGTERM')
    await b.tells('stopped')
    const lease = await client.get(leases, 'candidates', namespace)
    expect(lease?.spec?.holderIdentity).not.toBe('b')
    await once(b.child, 'exit')
    for (let tries = 0; a.told.filter((what) => what === 'started').length < 2 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(a.told.filter((what) => what !== 'wrote').toSorted()).toEqual(['refused', 'started', 'started', 'stopped'])
    a.child.kill('SIGTERM')
    await once(a.child, 'exit')
  })
})
