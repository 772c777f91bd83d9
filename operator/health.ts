// What others ask the operator over HTTP: whether it lives, whether it is ready, and its metrics. Started by main.ts.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Registry } from 'prom-client'

export type HealthOptions = {
  port: number
  registry: Pick<Registry, 'metrics' | 'contentType'>
  /** What it still waits for; empty: ready. */
  notReady: () => string[]
}

export type HealthServer = { port: number; close(): Promise<void> }

/** Port 0 takes a free one. Rejects if the port is taken. */
export async function startHealth({ port, registry, notReady }: HealthOptions): Promise<HealthServer> {
  const app = express().disable('x-powered-by').set('etag', false)
  app.get('/healthz', (_request, response) => {
    response.type('text').send('ok\n')
  })
  app.get('/readyz', (_request, response) => {
    const missing = notReady()
    response
      .status(missing.length === 0 ? 200 : 503)
      .type('text')
      .send(missing.length === 0 ? 'ok\n' : `waiting for ${missing.join(', ')}\n`)
  })
  app.get('/metrics', async (_request, response) => {
    response.set('content-type', registry.contentType).send(await registry.metrics())
  })
  const server = app.listen(port)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
