// Requests to a busy, silent, broken or slow server: each ends within its timeout, with a specific error.
import { expect, test } from 'vitest'
import { ApiError, isNotLeading } from './api-error.ts'
import { createClient } from './client.ts'
import { guarded } from './guarded.ts'
import { configMaps } from './resources.ts'
import { answerJson, startFakeServer, withCredentials } from './testing/api-server.ts'

const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'sales', resourceVersion: '1' } }
const tooMany = { kind: 'Status', reason: 'TooManyRequests', message: 'slow down', details: { retryAfterSeconds: 0 } }

async function failing(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ApiError)
  return error as ApiError
}

test('Requests one after the other share connections, and carry credentials, content type and field manager', async () => {
  const { client, asked, connections } = await startFakeServer((_, response) => answerJson(response, 200, map))
  for (let time = 0; time < 20; time++) await client.get(configMaps, 'a', 'sales')
  await client.apply(configMaps, { metadata: { name: 'a', namespace: 'sales' }, data: { key: 'Zürich' } })
  // undici opens a second one when the first answer is read but not yet put away.
  expect(connections()).toBeLessThanOrEqual(2)
  const last = asked.at(-1)
  expect(last).toMatchObject({ method: 'PATCH', path: '/api/v1/namespaces/sales/configmaps/a?fieldManager=headgate&force=true' })
  expect(last?.headers).toMatchObject({ authorization: 'Bearer abc', 'content-type': 'application/apply-patch+yaml', 'user-agent': 'headgate' })
  expect(JSON.parse(last?.body ?? '')).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'sales' }, data: { key: 'Zürich' } })
})

test('A hundred requests at once take few connections', async () => {
  const { client, connections } = await startFakeServer((_, response) => setTimeout(() => answerJson(response, 200, map), 5))
  await Promise.all(Array.from({ length: 100 }, () => client.get(configMaps, 'a', 'sales')))
  expect(connections()).toBeLessThanOrEqual(8)
})

test.each([429, 503, 500])('A %i with Retry-After is retried after that delay', async (status) => {
  let answers = 0
  const { client, asked } = await startFakeServer((_, response) =>
    answers++ < 2 ? answerJson(response, status, tooMany, { 'retry-after': '0' }) : answerJson(response, 200, map),
  )
  await client.create(configMaps, { metadata: { name: 'a', namespace: 'sales' } })
  expect(asked).toHaveLength(3)
})

test('Retries against a busy server end at the timeout', async () => {
  const { client } = await startFakeServer((_, response) => answerJson(response, 429, tooMany, { 'retry-after': '1' }))
  const error = await failing(client.get(configMaps, 'a', 'sales', { timeoutMs: 300 }))
  expect(error).toMatchObject({ status: 0, reason: 'Timeout', message: 'GET /api/v1/namespaces/sales/configmaps/a took too long' })
})

test.each([
  ['does not answer', 'Timeout', () => undefined],
  ['stops in the middle of its answer', 'Timeout', (response: import('node:http').ServerResponse) => void response.writeHead(200).write('{"a":')],
  ['breaks the connection', 'Unreachable', (response: import('node:http').ServerResponse) => void response.destroy()],
  ['answers with what is not JSON', 'InvalidResponse', (response: import('node:http').ServerResponse) => void response.end('<html>')],
])('A server that %s is an ApiError with reason %s', async (_, reason, answer) => {
  const { client } = await startFakeServer((_, response) => answer(response))
  expect(await failing(client.get(configMaps, 'a', 'sales', { timeoutMs: 300 }))).toMatchObject({ status: 0, reason })
})

test('A read is retried once after a broken connection; a write is not, because it may have succeeded', async () => {
  const { client, asked } = await startFakeServer((_, response) => response.destroy())
  await failing(client.get(configMaps, 'a', 'sales'))
  await failing(client.create(configMaps, { metadata: { name: 'a', namespace: 'sales' } }))
  expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST'])
})

test('The message quotes the start of an error response without a Status object', async () => {
  const { client } = await startFakeServer((_, response) => response.writeHead(502).end('Bad Gateway'.repeat(1000)))
  const error = await failing(client.get(configMaps, 'a', 'sales'))
  expect(error).toMatchObject({ status: 502, reason: 'Status502' })
  expect(error.message.length).toBeLessThan(600)
})

test('An abort ends a request at once', async () => {
  const { client } = await startFakeServer(() => undefined)
  const controller = new AbortController()
  const request = failing(client.get(configMaps, 'a', 'sales', { signal: controller.signal }))
  setTimeout(() => controller.abort(), 20)
  expect(await request).toMatchObject({ reason: 'Aborted' })
})

test('A silent watch fails; leaving a watch closes its connection', async () => {
  let closed = 0
  const event = JSON.stringify({ type: 'ADDED', object: map })
  const { client } = await startFakeServer((_, response) => {
    response.on('close', () => closed++)
    response.write(`${event}\n`)
  })
  const seen: string[] = []
  const watching = async (leave: boolean) => {
    for await (const event of client.watch(configMaps, { resourceVersion: '1', idleMs: 1000 })) {
      seen.push(event.type)
      if (leave) return
    }
  }
  await watching(true)
  expect(await failing(watching(false))).toMatchObject({ reason: 'Timeout' })
  expect(seen).toEqual(['ADDED', 'ADDED'])
  expect(closed).toBe(2)
})

test('Credentials are read for every request: a rotated token is used at once, without a trailing newline', async () => {
  const fake = await startFakeServer((_, response) => answerJson(response, 200, map))
  let token = 'first\n'
  const kubeConfig = withCredentials(fake.kubeConfig, async (options) => {
    options.headers = { Authorization: `Bearer ${token}` }
  })
  const client = createClient(kubeConfig)
  await client.get(configMaps, 'a', 'sales')
  token = 'second'
  await client.get(configMaps, 'a', 'sales')
  await client.close()
  expect(fake.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
})

test('A renewed certificate opens new connections; an unchanged one does not', async () => {
  const fake = await startFakeServer((_, response) => answerJson(response, 200, map))
  let ca = 'one'
  const client = createClient(
    withCredentials(fake.kubeConfig, async (options) => {
      options.ca = Buffer.from(ca)
    }),
  )
  const connectionsAfter = async (requests: number) => {
    for (let time = 0; time < requests; time++) await client.get(configMaps, 'a', 'sales')
    return fake.connections()
  }
  const before = await connectionsAfter(10)
  expect(before).toBeLessThanOrEqual(2)
  ca = 'two'
  expect(await connectionsAfter(1)).toBe(before + 1)
  await client.close()
})

test('A failure to get credentials is reported as NoCredentials', async () => {
  const fake = await startFakeServer((_, response) => answerJson(response, 200, map))
  const broken = withCredentials(fake.kubeConfig, () => Promise.reject(new Error('the plugin failed')))
  const error = await failing(createClient(broken).get(configMaps, 'a', 'sales'))
  expect(error).toMatchObject({ reason: 'NoCredentials', message: expect.stringContaining('the plugin failed') })
})

test('Every request is counted with its status, and one without a response as <error>', async () => {
  const counted: string[] = []
  const metrics = { requested: (code: string, method: string) => void counted.push(`${method} ${code}`) }
  const statuses = [200, 404]
  const { client } = await startFakeServer(
    (_, response) => {
      const status = statuses.shift()
      if (status === undefined) response.destroy()
      else answerJson(response, status, status === 200 ? map : { reason: 'NotFound' })
    },
    { metrics },
  )
  await client.get(configMaps, 'a', 'sales')
  await client.delete(configMaps, 'a', 'sales')
  await failing(client.create(configMaps, { metadata: { name: 'a', namespace: 'sales' } }))
  expect(counted).toEqual(['GET 200', 'DELETE 404', 'POST <error>'])
})

test('A guarded client sends no writes without leadership, always reads, and checks again before sending the body', async () => {
  const { client, asked } = await startFakeServer(({ method, body }, response) => {
    if (method === 'GET' || body !== 'cut') answerJson(response, 200, map)
  })
  const answers = [true, true, true, false, true, true, false, false]
  const safe = guarded(client, { stillLeading: () => answers.shift() ?? false })
  const write = () => safe.create(configMaps, { metadata: { name: 'a', namespace: 'sales' } })
  await write()
  expect(isNotLeading(await failing(write()))).toBe(true)
  expect(isNotLeading(await failing(write()))).toBe(true)
  expect(isNotLeading(await failing(write()))).toBe(true)
  await safe.get(configMaps, 'a', 'sales')
  expect(asked.filter(({ method, body }) => method === 'GET' || body !== 'cut').map(({ method }) => method)).toEqual(['POST', 'GET'])
})
