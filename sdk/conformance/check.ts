// Check: one promise that a class makes to the framework, as a test of any test runner. Used by the kits beside this file.
import { isDeepStrictEqual } from 'node:util'
import type { Environment } from '../environment.ts'
import type { RunContext } from '../run.ts'

/** `run` rejects with a ConformanceError that says which promise is broken and how, or with what the class threw. */
export type Check = { name: string; run: () => Promise<void> }

/** A class does not keep one of its promises. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
}

/** Throws ConformanceError with the message unless `kept`. */
export function promise(kept: boolean, message: string): asserts kept {
  if (!kept) throw new ConformanceError(message)
}

/** Throws ConformanceError if the two differ; `what` is the start of a sentence. */
export function promiseSame(one: unknown, other: unknown, what: string): void {
  promise(isDeepStrictEqual(one, other), `${what}: ${shown(one)} and ${shown(other)}`)
}

/** A value in a message, cut to 200 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** The environment of a check: no secrets, and a clock that does not wait. */
const sampleEnvironment: Environment = {
  secret(name, key) {
    throw new ConformanceError(`the class asks for the secret ${name}/${key}; give the kit a run with an environment that has it`)
  },
  fetch: globalThis.fetch,
  clock: { now: () => new Date(), sleep: async () => {} },
  random: Math.random,
  budget: () => ({ take: async () => {} }),
}

/** A run for checks: warnings are dropped, nothing is cancelled. `given` replaces parts of it. */
export function sampleRun(given: Partial<RunContext> = {}): RunContext {
  return {
    id: 1,
    name: 'conformance-1',
    pipeline: 'conformance',
    createdAt: new Date('2026-03-01T00:00:00Z'),
    params: {},
    interval: undefined,
    folder: process.cwd(),
    batchSize: 1000,
    signal: new AbortController().signal,
    environment: sampleEnvironment,
    warn: () => {},
    ...given,
  }
}
