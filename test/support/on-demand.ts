// Things that a test run starts when the first test file asks for them, at most once, and stops at its end.
// The starters live in vitest's main process; test files, each in a process of its own, ask over a Unix socket.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** `value` goes to the test files as JSON. */
export type Started = { value: unknown; stop(): Promise<void> }
export type Starters = Readonly<Record<string, () => Promise<Started>>>

type Answer = { value: unknown } | { error: string }

export async function serveOnDemand(starters: Starters): Promise<{ socketPath: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-on-demand-'))
  const socketPath = join(folder, 'socket')
  const started = new Map<string, Promise<Started>>()
  const server = createServer(async (asked, answer) => reply(answer, await start(started, starters, (asked.url ?? '').slice(1))))
  server.listen(socketPath)
  await once(server, 'listening')
  return { socketPath, close: () => close(server, started, folder) }
}

/** What the starter of that name made; rejects with its error if it failed, as it then does for everyone who asks. */
export async function onDemand<Value>(socketPath: string, name: string): Promise<Value> {
  const asked = request({ socketPath, path: `/${name}`, agent: false }).end()
  const [response] = await once(asked, 'response')
  const answer: Answer = JSON.parse(await text(response))
  if ('error' in answer) throw new Error(answer.error)
  return answer.value as Value
}

async function start(started: Map<string, Promise<Started>>, starters: Starters, name: string): Promise<Answer> {
  const starter = starters[name]
  if (starter === undefined) return { error: `nothing is called ${name}` }
  const promise = started.get(name) ?? starter()
  started.set(name, promise)
  return await promise.then(
    ({ value }) => ({ value }),
    (error: Error) => ({ error: error.stack ?? error.message }),
  )
}

function reply(answer: ServerResponse, content: Answer): void {
  answer.setHeader('content-type', 'application/json').end(JSON.stringify(content))
}

/** The latest first, because it may use an earlier one. */
async function close(server: Server, started: Map<string, Promise<Started>>, folder: string): Promise<void> {
  server.close()
  for (const promise of [...started.values()].reverse()) {
    const thing = await promise.catch(() => undefined)
    await thing?.stop()
  }
  await rm(folder, { recursive: true, force: true })
}
