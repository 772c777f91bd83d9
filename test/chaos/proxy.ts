// A TCP proxy before a server that breaks connections: at chosen moments of PostgreSQL's protocol, or on request.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What to do with a connection on which something was noticed. */
export type Verdict =
  | { do: 'pass' }
  /** Destroys the connection before or after the matched message is forwarded. After a COMMIT its response is lost. */
  | { do: 'cut'; when: 'before' | 'after' }
  /** Holds everything up for a while. */
  | { do: 'stall'; milliseconds: number }
  /** Swallows one direction or both for a while, then destroys it. */
  | { do: 'halfOpen'; direction: 'toServer' | 'toClient' | 'both'; milliseconds: number }

/** `commit`: the client asks for a COMMIT. `bytes`: so many thousand bytes have passed in this connection. */
export type Noticed = { what: 'commit' | 'bytes' }

export type TcpProxy = {
  readonly url: string
  /** Connections that are open right now. */
  readonly open: number
  /** Does that to each connection for which `which` says so. */
  strike(verdict: Verdict, which: () => boolean): void
  close(): Promise<void>
}

const commit = Buffer.from('COMMIT\0')
const bytesStep = 4096

/** Listens on a free port and forwards to the server of `url`; asks `judge` about everything it notices. */
export async function startProxy(url: string, judge: (noticed: Noticed) => Verdict): Promise<TcpProxy> {
  const target = new URL(url)
  const links = new Set<Link>()
  const server: Server = createServer((client) => {
    const link = new Link(client, connect(Number(target.port), target.hostname), judge, () => links.delete(link))
    links.add(link)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.port = String((server.address() as { port: number }).port)
  return {
    url: through.href,
    get open() {
      return links.size
    },
    strike: (verdict, which) => {
      for (const link of [...links]) if (which()) link.strike(verdict)
    },
    close: async () => {
      for (const link of links) link.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #judge: (noticed: Noticed) => Verdict
  readonly #swallow = { toServer: false, toClient: false }
  #held: Promise<unknown> = Promise.resolve()
  #passed = 0

  constructor(client: Socket, server: Socket, judge: (noticed: Noticed) => Verdict, gone: () => void) {
    this.#client = client
    this.#server = server
    this.#judge = judge
    for (const [from, to, direction] of [
      [client, server, 'toServer'],
      [server, client, 'toClient'],
    ] as const) {
      from.setNoDelay(true)
      from.on('error', () => this.destroy())
      from.on('close', () => {
        this.destroy()
        gone()
      })
      from.on('end', () => this.#after(() => void to.end()))
      from.on('data', (chunk: Buffer) => this.#after(() => this.#forward(chunk, to, direction)))
    }
  }

  destroy(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  /** A connection that has stopped responding stays so. */
  strike(verdict: Verdict): void {
    if (this.#swallow.toServer && this.#swallow.toClient) return
    if (verdict.do === 'cut') this.destroy()
    else if (verdict.do === 'stall') this.#after(() => sleep(verdict.milliseconds))
    else if (verdict.do === 'halfOpen') this.#swallowFor(verdict)
  }

  #swallowFor({ direction, milliseconds }: Extract<Verdict, { do: 'halfOpen' }>): void {
    if (direction !== 'toClient') this.#swallow.toServer = true
    if (direction !== 'toServer') this.#swallow.toClient = true
    setTimeout(() => this.destroy(), milliseconds).unref()
  }

  /** In order, and not while the connection is held up. */
  #after(step: () => Promise<void> | void): void {
    this.#held = this.#held.then(step).catch(() => this.destroy())
  }

  async #forward(chunk: Buffer, to: Socket, direction: 'toServer' | 'toClient'): Promise<void> {
    const verdict = this.#verdict(chunk, direction)
    if (verdict.do === 'stall') await sleep(verdict.milliseconds)
    if (verdict.do === 'halfOpen') this.#swallowFor(verdict)
    if (verdict.do === 'cut' && verdict.when === 'before') return this.destroy()
    if (!this.#swallow[direction] && !to.destroyed) to.write(chunk)
    // The server must receive the message, and its response must not come back.
    if (verdict.do === 'cut') {
      this.#swallow.toClient = true
      this.#server.end()
      this.#client.destroy()
    }
  }

  #verdict(chunk: Buffer, direction: 'toServer' | 'toClient'): Verdict {
    if (direction === 'toServer' && chunk.includes(commit)) return this.#judge({ what: 'commit' })
    const before = Math.floor(this.#passed / bytesStep)
    this.#passed += chunk.length
    return Math.floor(this.#passed / bytesStep) > before ? this.#judge({ what: 'bytes' }) : { do: 'pass' }
  }
}
