// For each check a class that breaks just that promise: a check that nothing can fail proves nothing.
import type { Check } from '../../../sdk/conformance/index.ts'
import type { RecordError, SourceRecord } from '../../../sdk/index.ts'

/** Names of the checks that fail. */
export async function failing(checks: Check[]): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of checks) {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error !== undefined) failed.push(name)
  }
  return failed
}

export const numbers = [1, 2, 3, 4, 5].map((n) => ({ n: String(n) }))

export const odd: RecordError = { code: 'n.odd', message: 'is odd' }
export const isOdd = (record: SourceRecord) => Number(record.n) % 2 === 1
