// Parses the stream of a watch: one JSON document per line. Called by client.ts.
import { ApiError } from './api-error.ts'
import type { WatchEvent } from './client.ts'
import type { KubeObject } from './objects.ts'

const newline = 0x0a
/** Far above the maximum size of an object in etcd. */
const maxLineBytes = 16 * 1024 * 1024

/** Splits the stream into lines. A last line without a newline is incomplete and dropped. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const rest = chunk.subarray(start, end)
      yield decode(pendingBytes === 0 ? rest : Buffer.concat([...pending, rest]))
      pending = []
      pendingBytes = 0
      start = end + 1
    }
    if (start === chunk.length) continue
    pending.push(chunk.subarray(start))
    pendingBytes += chunk.length - start
    if (pendingBytes > maxLineBytes) throw garbage('a line without end')
  }
}

/** Throws an ApiError for an event of type ERROR, and ApiError `InvalidResponse` for invalid data. */
export async function* eventsOf<T extends KubeObject>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent<T>> {
  for await (const line of linesOf(stream)) {
    if (line.length > 0) yield eventOf<T>(line)
  }
}

type Parsed = { type?: string; object?: KubeObject & { code?: number; reason?: string; message?: string } }

function eventOf<T extends KubeObject>(line: string): WatchEvent<T> {
  const { type, object } = parse(line)
  if (typeof object !== 'object' || object === null) throw garbage('an event without object')
  if (type === 'ERROR') {
    const { code = 0, reason = 'Unknown', message = 'no explanation' } = object
    throw new ApiError(code, reason, `watch: ${code} ${message}`)
  }
  const resourceVersion = object.metadata?.resourceVersion
  if (typeof resourceVersion !== 'string') throw garbage(`an event of type ${type} without resourceVersion`)
  if (type === 'BOOKMARK') return { type, resourceVersion }
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { type, object: object as unknown as T }
  throw garbage(`an event of type ${type}`)
}

function parse(line: string): Parsed {
  try {
    return (JSON.parse(line) as Parsed | null) ?? {}
  } catch {
    throw garbage('a line that is not JSON')
  }
}

function garbage(what: string): ApiError {
  return new ApiError(0, 'InvalidResponse', `watch: got ${what}`)
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
