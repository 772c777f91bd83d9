import { describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { markQuoting } from '../../sdk/quoting.ts'
import { reportedMessage } from './reported-message.ts'

const spec = { schema: { fields: [{ name: 'ssn', type: 'text', sensitive: true }] } } as unknown as PipelineSpec

function thrownBy(message: string, name?: string): Error {
  const error = new TypeError(message)
  if (name !== undefined) error.name = name
  return markQuoting(error)
}

describe('the message for an error that a plugin threw, if a field is sensitive', () => {
  it('is the name of the error and the place that threw it', () => {
    expect(reportedMessage(spec, thrownBy('Miller is odd'))).toMatch(/^TypeError: the message is hidden.*; it was thrown at .*reported-message\.test\.ts/)
  })

  it('exists even if reading the cause throws', () => {
    const cause = new Proxy(new Error('Miller'), {
      getPrototypeOf: () => {
        throw new Error('no')
      },
    })
    expect(reportedMessage(spec, markQuoting(new HeadgateError('InvalidPlugin', 'Miller', { cause })))).toMatch(/^Error: the message is hidden/)
  })

  it.each([
    ['a message that looks like a stack', thrownBy('bad\n    at Miller (1:2)')],
    ['a name made of a value', thrownBy('bad', 'Miller')],
    ['a stack of its own', Object.assign(thrownBy('bad'), { stack: 'TypeError\n    at Miller' })],
  ])('does not contain %s', (_, error) => {
    expect(reportedMessage(spec, error)).not.toContain('Miller')
  })
})
