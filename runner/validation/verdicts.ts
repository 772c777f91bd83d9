// What the validators of an integrator find in a batch.
import { HeadgateError, type RecordBatch, type RecordError, type Validator } from '../../sdk/index.ts'
import { foreign } from './quoting.ts'

export type Verdict = { errors: RecordError[]; warnings: RecordError[] }

const mostErrors = 100

/** Runs the validators over the batch, one after another. Answers by record index, for those that have any. */
export async function collectVerdicts(validators: readonly Validator[], batch: RecordBatch): Promise<Map<number, Verdict>> {
  const verdicts = new Map<number, Verdict>()
  const note = (index: number, kind: keyof Verdict, error: RecordError) => {
    if (!Number.isInteger(index) || index < 0 || index >= batch.size) {
      throw new HeadgateError('ValidatorFailed', `a validator reported on record ${index} of a batch of ${batch.size}; correct its index`)
    }
    const verdict = verdicts.get(index) ?? { errors: [], warnings: [] }
    if (verdict[kind].length < mostErrors) verdict[kind].push(error)
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
