// Sends requests to the API server, with current credentials and timeouts. Every failure is thrown as an ApiError. Used by client.ts.
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Access } from './access.ts'
import { ApiError } from './api-error.ts'
import { type Clock, sleep } from './clock.ts'
import { deadline } from './deadline.ts'
import { failureOf, refusalOf } from './failure.ts'
import type { ClientMetrics } from './hooks.ts'

export type Request = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: object
  contentType?: string
  signal?: AbortSignal | undefined
  check?: (() => void) | undefined
  timeoutMs?: number | undefined
}

export type TransportOptions = { clock: Clock; metrics?: ClientMetrics | undefined; userAgent: string; timeoutMs: number }

/** Number of times to retry after a delay that the server asked for, before the error is thrown. */
const maxWaits = 5

export class Transport {
  readonly #access: Access
  readonly #options: TransportOptions

  constructor(access: Access, options: TransportOptions) {
    this.#access = access
    this.#options = options
  }

  /** Returns the parsed response. Retries when the server asks for it, and once for a read whose connection broke. */
  async json(request: Request): Promise<unknown> {
    const limit = deadline(request.timeoutMs ?? this.#options.timeoutMs, request.signal)
    try {
      for (let waits = 0, broken = 0; ; ) {
        try {
          return await this.#once(request, limit.signal)
        } catch (error) {
          const failed = limit.reached ? new ApiError(0, 'Timeout', `${titleOf(request)} took too long`, { cause: error }) : failureOf(error, titleOf(request))
          if (limit.signal.aborted) throw failed
          if (failed.retryAfterMs !== undefined && waits++ < maxWaits) await sleep(this.#options.clock, failed.retryAfterMs, limit.signal)
          else if (failed.reason !== 'Unreachable' || request.method !== 'GET' || broken++ > 0) throw failed
        }
      }
    } finally {
      limit.clear()
    }
  }

  /** Streams the body; throws if no data arrives for `idleMs`. Leaving the loop closes the connection. */
  async *stream(request: Request, idleMs: number): AsyncGenerator<Uint8Array> {
    try {
      const response = await this.#open(request, request.signal, idleMs, 'watches')
      for await (const chunk of response.body) yield chunk as Uint8Array
    } catch (error) {
      throw failureOf(error, titleOf(request))
    }
  }

  async #once(request: Request, signal: AbortSignal): Promise<unknown> {
    const response = await this.#open(request, signal, this.#options.timeoutMs, 'requests')
    const text = await response.body.text()
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new ApiError(0, 'InvalidResponse', `${titleOf(request)} answered ${response.statusCode} with something that is not JSON`, { cause: error })
    }
  }

  async #open(request: Request, signal: AbortSignal | undefined, idleMs: number, kind: 'requests' | 'watches'): Promise<Dispatcher.ResponseData> {
    const connection = await this.#access.connect()
    const { server } = this.#access
    request.check?.()
    let code = '<error>'
    const body = request.body === undefined ? null : Buffer.from(JSON.stringify(request.body))
    try {
      const response = await connection[kind].request({
        origin: server.origin,
        path: `${server.pathname.replace(/\/$/, '')}${request.path}${queryOf(request.query)}`,
        method: request.method,
        headers: this.#headers(request, connection.headers, body),
        body: body !== null && request.check ? Readable.from(checkedBody(body, request.check), { objectMode: false }) : body,
        signal: signal ?? null,
        headersTimeout: this.#options.timeoutMs,
        bodyTimeout: idleMs,
      })
      code = String(response.statusCode)
      if (response.statusCode >= 300) throw refusalOf(response, await response.body.text(), titleOf(request))
      return response
    } finally {
      this.#options.metrics?.requested(code, request.method, server.host)
    }
  }

  #headers(request: Request, credentials: Record<string, string>, body: Buffer | null): Record<string, string> {
    const headers: Record<string, string> = { ...credentials, accept: 'application/json', 'user-agent': this.#options.userAgent }
    if (body === null) return headers
    return { ...headers, 'content-type': request.contentType ?? 'application/json', 'content-length': String(body.length) }
  }
}

/** Checks again when the connection is open and the body is about to be sent; a request without its body has no effect. */
async function* checkedBody(body: Buffer, check: () => void): AsyncGenerator<Buffer> {
  check()
  yield body
}

function titleOf({ method, path }: Request): string {
  return `${method} ${path}`
}

function queryOf(query: Request['query'] = {}): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}
