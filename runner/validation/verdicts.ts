// Collects the verdicts of a pipeline's validators on a batch.
import { HeadgateError, type RecordBatch, type RecordError, type Validator } from '../../sdk/index.ts'
import { foreign } from '../../sdk/quoting.ts'

export type Verdict = { errors: RecordError[]; warnings: RecordError[] }

const mostErrors = 100

/** Most characters that are kept of a validator's error, because it is stored for every record. */
const longest = { field: 255, code: 100, message: 1000, value: 200 }

/** Runs the validators over the batch, one after another. Returns the verdicts by record index. */
export async function collectVerdicts(validators: readonly Validator[], batch: RecordBatch): Promise<Map<number, Verdict>> {
  const verdicts = new Map<number, Verdict>()
  const note = (index: number, kind: keyof Verdict, error: RecordError) => {
    if (!Number.isInteger(index) || index < 0 || index >= batch.size) {
      throw new HeadgateError('ValidatorFailed', `a validator reported on record ${index} of a batch of ${batch.size}; correct its index`)
    }
    const verdict = verdicts.get(index) ?? { errors: [], warnings: [] }
    const kept = keptError(error) ?? unsound()
    if (verdict[kind].length < mostErrors) verdict[kind].push(kept)
    verdicts.set(index, verdict)
  }
  for (const validator of validators) {
    const report = {
      reject: (index: number, error: RecordError) => note(index, 'errors', error),
      warn: (index: number, error: RecordError) => note(index, 'warnings', error),
    }
    await foreign(() => validator.validate(batch, report))
  }
  return verdicts
}

function unsound(): never {
  throw new HeadgateError('ValidatorFailed', 'a validator reported an error without a code and a message, which are texts; give it both')
}

/** The error's four properties as text, cut to the lengths that are kept. Undefined without a code and a message. */
export function keptError(error: RecordError): RecordError | undefined {
  const { field, code, message, value } = (error ?? {}) as Record<keyof RecordError, unknown>
  if (typeof code !== 'string' || code === '' || typeof message !== 'string') return undefined
  const kept: RecordError = { code: code.slice(0, longest.code), message: message.slice(0, longest.message) }
  if (field !== undefined && field !== null) kept.field = String(field).slice(0, longest.field)
  if (value !== undefined && value !== null) kept.value = String(value).slice(0, longest.value)
  return kept
}
