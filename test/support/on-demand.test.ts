import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { onDemand, serveOnDemand } from './on-demand.ts'

test('A resource is started once, when first requested, and stopped at the end, the latest first', async () => {
  const log: string[] = []
  const starter = (name: string) => async () => {
    log.push(`start ${name}`)
    return { value: { name }, stop: async () => void log.push(`stop ${name}`) }
  }
  const { socketPath, close } = await serveOnDemand({ a: starter('a'), b: starter('b'), unused: starter('unused') })
  const answers = await Promise.all([onDemand(socketPath, 'a'), onDemand(socketPath, 'a'), onDemand(socketPath, 'a')])
  answers.push(await onDemand(socketPath, 'b'))
  await close()
  expect(answers).toEqual([{ name: 'a' }, { name: 'a' }, { name: 'a' }, { name: 'b' }])
  expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  expect(existsSync(socketPath)).toBe(false)
})

test('A resource that fails to start fails for every request, and is not retried', async () => {
  let attempts = 0
  const broken = async () => {
    attempts++
    throw new Error('no room')
  }
  const { socketPath, close } = await serveOnDemand({ broken })
  await expect(onDemand(socketPath, 'broken')).rejects.toThrow('no room')
  await expect(onDemand(socketPath, 'broken')).rejects.toThrow('no room')
  await expect(onDemand(socketPath, 'other')).rejects.toThrow('nothing is called other')
  await close()
  expect(attempts).toBe(1)
})
