// Calls to an API server that may be away: the suites here play people and controllers, which all try again.
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, isAlreadyExists } from '../../../operator/kubernetes/api-error.ts'

/** Retries until there is a response. AlreadyExists is success, because the response to the first attempt may be lost. */
export async function persist<Answer>(step: () => Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
  for (;;) {
    try {
      return await step()
    } catch (error) {
      if (isAlreadyExists(error)) return undefined
      if (signal.aborted || !isPassing(error)) throw error
    }
    await sleep(100)
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
}
