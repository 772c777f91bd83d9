// The operator's HTTP server: liveness, readiness and metrics. Started by main.ts.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Registry } from 'prom-client'

export type HealthOptions = {
  port: number
  registry: Pick<Registry, 'metrics' | 'contentType'>
  /** Names of what the operator still waits for; empty: ready. */
  notReady: () => string[]
}

export type HealthServer = { port: number; close(): Promise<void> }

/** Port 0 selects a free port. Rejects if the port is in use. */
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
