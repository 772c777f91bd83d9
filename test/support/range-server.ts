// An HTTP server on the loopback that serves bytes in ranges and records its requests, and a Source that reads from it.
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'
import type { Input, Source } from '../../runner/sources/source.ts'
import { HeadgateError, type RunContext } from '../../sdk/index.ts'

export type RangeServer = {
  /** Requests since this list was last emptied: a range header, or `all`. */
  requests: string[]
  /** Number of responses that have not ended. */
  underWay: () => number
  /** A source of these inputs. `sequential` ones are served without ranges. */
  source: (inputs: Record<string, Buffer>, options?: { sequential?: boolean }) => Source
}

/** Call at the test file's top level. */
export async function rangeServer(): Promise<RangeServer> {
  const served = new Map<string, Buffer>()
  const requests: string[] = []
  let underWay = 0
  const server = createServer((request, response) => {
    underWay++
    response.on('close', () => underWay--)
    requests.push(request.headers.range ?? 'all')
    answer(served.get(request.url ?? ''), request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  let sources = 0
  const source: RangeServer['source'] = (inputs, { sequential = false } = {}) => {
    const folder = `/${++sources}`
    for (const [name, bytes] of Object.entries(inputs)) served.set(`${folder}/${name}`, bytes)
    return new HttpSource(inputs, `http://127.0.0.1:${port}${folder}`, sequential)
  }
  return { requests, underWay: () => underWay, source }
}

function answer(bytes: Buffer | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (bytes === undefined) {
    response.writeHead(404).end()
    return
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (first === undefined) {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    return
  }
  const end = last === '' ? bytes.length : Math.min(bytes.length, Number(last) + 1)
  const part = bytes.subarray(Number(first), end)
  response.writeHead(206, { 'content-length': part.length, 'content-range': `bytes ${first}-${end - 1}/${bytes.length}` }).end(part)
}

class HttpSource implements Source {
  readonly #inputs: Record<string, Buffer>
  readonly #url: string
  readonly #sequential: boolean

  constructor(inputs: Record<string, Buffer>, url: string, sequential: boolean) {
    this.#inputs = inputs
    this.#url = url
    this.#sequential = sequential
  }

  async *inputs(): AsyncIterable<Input> {
    for (const [name, { length }] of Object.entries(this.#inputs)) {
      yield this.#sequential ? { name, sequential: true, identity: name } : { name, size: length, identity: name }
    }
  }

  async *open({ name }: Input, start: number, end: number | undefined, { signal }: RunContext): AsyncIterable<Buffer> {
    const range = start === 0 && end === undefined ? {} : { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${this.#url}/${name}`, { headers: range, signal }, resolve).on('error', reject)
    })
    if (response.statusCode !== 200 && response.statusCode !== 206) throw new HeadgateError('SourceNotFound', `${name}: ${response.statusCode}`)
    yield* response
  }

  async verify(): Promise<void> {}
}
