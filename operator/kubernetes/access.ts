// Connections to the API server: reads the credentials for each request, and reuses the dispatchers while the TLS settings are unchanged.
// Used by transport.ts.
//
// KubeConfig decides server, authentication (token files, exec plugins, client certificates) and trust. Its generated clients
// are not used: they open a TLS connection per call, build class instances of every object, and support neither pages nor watches.
// HTTP/1.1 on purpose: a cut connection then ends one watch, not all of them, and undici's timeouts detect a silent one.
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from 'undici'
import { ApiError } from './api-error.ts'

/** The part of KubeConfig that is used; only main.ts loads the library itself. */
export type ClusterConfig = Pick<KubeConfig, 'getCurrentCluster' | 'applyToHTTPSOptions' | 'createDispatcherOptions'> &
  Partial<Pick<KubeConfig, 'applySecurityAuthentication'>>

type Dispatchers = { requests: Dispatcher; watches: Dispatcher }

export type Connection = Dispatchers & { headers: Record<string, string> }

type TlsOptions = buildConnector.BuildOptions
type Trust = { ca: unknown; cert: unknown; key: unknown; pfx: unknown; passphrase: unknown; rejectUnauthorized: unknown; servername: unknown }

/** Maximum number of connections for requests; each watch has its own connection. */
const requestConnections = 8
const connectTimeoutMs = 10_000
const credentialsTimeoutMs = 60_000
/** Shorter than the timeouts of servers and load balancers, so that no request is sent on a connection that they are closing. */
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

  /** Called for every request, because tokens and certificates can be rotated at any time. */
  async connect(): Promise<Connection> {
    const options = await this.#credentials()
    if (this.#closed) throw new ApiError(0, 'Aborted', 'the client is closed')
    const trust = trustOf(options)
    if (this.#dispatchers === undefined || !sameTrust(this.#trust, trust)) {
      // Requests on the old dispatchers may finish; watches end within minutes.
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

  /** With a timeout, because an exec plugin can hang. */
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

  /** Uses the library's dispatcher, because undici does not support SOCKS. */
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
  // A token file often ends with a newline, which is invalid in a header.
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = String(value).trim()
  if (auth) all.authorization ??= `Basic ${Buffer.from(auth).toString('base64')}`
  return all
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
