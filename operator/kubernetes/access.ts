// The way to the API server: credentials as they are at this moment, and dispatchers kept for as long as those stay the same.
//
// KubeConfig decides server, authentication (token files, exec plugins, client certificates) and trust. Its generated clients
// are not used: they open a TLS connection per call, build class instances of every object, and neither page nor watch.
// HTTP/1.1 on purpose: a cut connection then costs one watch, not all of them, and a silent one is noticed by undici's timeouts.
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from 'undici'
import { ApiError } from './api-error.ts'

/** What is asked of KubeConfig; the library itself is loaded by main.ts only. */
export type ClusterConfig = Pick<KubeConfig, 'getCurrentCluster' | 'applyToHTTPSOptions' | 'createDispatcherOptions'> &
  Partial<Pick<KubeConfig, 'applySecurityAuthentication'>>

type Dispatchers = { requests: Dispatcher; watches: Dispatcher }

export type Connection = Dispatchers & { headers: Record<string, string> }

type TlsOptions = buildConnector.BuildOptions
type Trust = { ca: unknown; cert: unknown; key: unknown; pfx: unknown; passphrase: unknown; rejectUnauthorized: unknown; servername: unknown }

/** Requests share this many connections; each watch has one to itself. */
const requestConnections = 8
const connectTimeoutMs = 10_000
const credentialsTimeoutMs = 60_000
/** Shorter than any server's or load balancer's, so that a kept connection is never met just as they close it. */
const keepAliveMs = 30_000

export class Access {
  readonly server: URL
  readonly #config: ClusterConfig
  #trust: Trust | undefined
  #dispatchers: Promise<Dispatchers> | undefined
  #closed = false

  constructor(config: ClusterConfig) {
    const cluster = config.getCurrentCluster()
    if (!cluster) throw new ApiError(0, 'NoCluster', 'the kubeconfig names no current cluster; set current-context')
    this.server = new URL(cluster.server)
    this.#config = config
  }

  /** Asked for every request: tokens are rotated, certificates replaced and plugins hand out new ones at any time. */
  async connect(): Promise<Connection> {
    const options = await this.#credentials()
    if (this.#closed) throw new ApiError(0, 'Aborted', 'the client is closed')
    const trust = trustOf(options)
    if (this.#dispatchers === undefined || !sameTrust(this.#trust, trust)) {
      // What is under way on the old ones may end; watches do within minutes.
      void this.#dispatchers?.then(({ requests, watches }) => Promise.all([requests.close(), watches.close()])).catch(() => undefined)
      this.#dispatchers = this.#dispatchersFor(trust)
      this.#trust = trust
    }
    return { headers: headersOf(options), ...(await this.#dispatchers) }
  }

  async close(): Promise<void> {
    this.#closed = true
    const { requests, watches } = (await this.#dispatchers) ?? {}
    await Promise.all([requests?.destroy(), watches?.destroy()])
  }

  /** A plugin that hangs must not hang us. */
  async #credentials(): Promise<RequestOptions> {
    const options: RequestOptions = {}
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer within a minute')), credentialsTimeoutMs)
    })
    try {
      await Promise.race([this.#config.applyToHTTPSOptions(options), late])
      return options
    } catch (error) {
      throw new ApiError(0, 'NoCredentials', `no credentials for ${this.server.host}: ${messageOf(error)}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  async #dispatchersFor(trust: Trust): Promise<Dispatchers> {
    return { requests: await this.#dispatcher(trust, requestConnections), watches: await this.#dispatcher(trust, null) }
  }

  async #dispatcher(trust: Trust, connections: number | null): Promise<Dispatcher> {
    const options = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), definedOnly(trust))
    const limits = { connections, allowH2: false, keepAliveTimeout: keepAliveMs }
    if (options.type === 'socks') return this.#socks()
    if (options.type === 'proxy') return new ProxyAgent({ uri: options.uri, requestTls: options.requestTls as TlsOptions, ...limits })
    const connect = { ...(options.type === 'agent' ? options.connect : {}), timeout: connectTimeoutMs, keepAlive: true }
    return new Agent({ connect: connect as TlsOptions, ...limits })
  }

  /** The library's own dispatcher: only it speaks SOCKS. */
  async #socks(): Promise<Dispatcher> {
    const made: Dispatcher[] = []
    const context = { setHeaderParam: () => undefined, setDispatcher: (dispatcher: Dispatcher) => made.push(dispatcher) }
    await this.#config.applySecurityAuthentication?.(context as never)
    return made[0] ?? new Agent()
  }
}

function trustOf({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }: RequestOptions): Trust {
  return { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }
}

function sameTrust(a: Trust | undefined, b: Trust): boolean {
  return a !== undefined && (Object.keys(b) as (keyof Trust)[]).every((name) => same(a[name], b[name]))
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b))
}

function definedOnly(trust: Trust): object {
  return Object.fromEntries(Object.entries(trust).filter(([, value]) => value !== undefined))
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const all: Record<string, string> = {}
  // A token file often ends with a newline, which no header may hold.
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = String(value).trim()
  if (auth) all.authorization ??= `Basic ${Buffer.from(auth).toString('base64')}`
  return all
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
