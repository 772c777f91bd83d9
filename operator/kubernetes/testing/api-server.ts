// An HTTP server that simulates a misbehaving API server; tests of the transport provide its responses.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { KubeConfig } from '@kubernetes/client-node'
import { onTestFinished } from 'vitest'
import { type ClientOptions, createClient, type KubeClient } from '../client.ts'

export type Asked = { method: string; path: string; headers: IncomingMessage['headers']; body: string }
export type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void

export type FakeServer = { client: KubeClient; asked: Asked[]; connections: () => number; kubeConfig: KubeConfig; url: string }

/** The server is closed when the test finishes. */
export async function startFakeServer(answer: Answer, options: ClientOptions = {}): Promise<FakeServer> {
  const asked: Asked[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: await text(request).catch(() => 'cut') }
    asked.push(one)
    answer(one, response, request)
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser({ name: 'fake', server: url, skipTLSVerify: true }, { name: 'tester', token: 'abc' })
  const client = createClient(kubeConfig, options)
  onTestFinished(async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { client, asked, connections: () => connections, kubeConfig, url }
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A kubeconfig whose credentials the test provides for each request. */
export function withCredentials(kubeConfig: KubeConfig, apply: (options: RequestOptions) => Promise<void>): KubeConfig {
  kubeConfig.applyToHTTPSOptions = apply as KubeConfig['applyToHTTPSOptions']
  return kubeConfig
}
