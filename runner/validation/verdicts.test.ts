import { describe, expect, it } from 'vitest'
import { ObjectBatch, RecordValidator, type Report, type SourceRecord } from '../../sdk/index.ts'
import { collectVerdicts } from './verdicts.ts'

function verdictsOf(check: (report: Report) => void) {
  class Careless extends RecordValidator {
    override check(_record: SourceRecord, report: Report): void {
      check(report)
    }
  }
  return collectVerdicts([new Careless(undefined)], new ObjectBatch([{}], { firstOrder: 0, next: 1 }))
}

describe('an error that a validator reports', () => {
  it('is truncated to the maximum length of its properties', async () => {
    const long = 'x'.repeat(2_000_000)
    const found = await verdictsOf((report) => report.reject({ field: long, code: long, message: long, value: long }))
    const [error] = found.get(0)?.errors ?? []
    expect([error?.field?.length, error?.code.length, error?.message.length, error?.value?.length]).toEqual([255, 100, 1000, 200])
  })

  it('keeps only its four properties', async () => {
    const found = await verdictsOf((report) => report.warn({ code: 'odd', message: 'is odd', extra: { secret: 1 } } as never))
    expect(found.get(0)).toEqual({ errors: [], warnings: [{ code: 'odd', message: 'is odd' }] })
  })

  it.each([undefined, null, 'odd', {}, { code: '', message: 'no code' }, { code: 5, message: 'a number' }, { code: 'odd' }])(
    'fails the run if it is %j',
    async (error) => {
      await expect(verdictsOf((report) => report.reject(error as never))).rejects.toMatchObject({ code: 'ValidatorFailed' })
    },
  )
})
