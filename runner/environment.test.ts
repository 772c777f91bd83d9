import { describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { RateBudget, type RateBudgetOptions } from './coordination/budget.ts'
import { type EnvironmentOptions, runEnvironment } from './environment.ts'

function specWith(...secrets: { name: string; key: string }[]): PipelineSpec {
  const plugin = { module: './feed.ts', ...(secrets.length > 0 && { secrets }) }
  return { source: { plugin }, schema: { fields: [{ name: 'id', type: 'integer' }] }, destination: { plugin: { module: './loader.ts' } } }
}

function environment(spec: PipelineSpec, more: Partial<EnvironmentOptions> = {}) {
  return runEnvironment({ spec, workers: 2, rateBudget: (options) => new RateBudget(options), variable: () => undefined, ...more })
}

describe('a secret', () => {
  const token = { name: 'partner-api', key: 'token' }
  const values: Record<string, string> = { HEADGATE_SECRET_PARTNER_API_TOKEN: 'hunter2', HEADGATE_SECRET_OTHER_TOKEN: 'not named', HEADGATE_STORE_URL: 'x' }
  const variable = (name: string) => values[name]

  it('is read from its variable', () => {
    expect(environment(specWith(token), { variable }).secret('partner-api', 'token')).toBe('hunter2')
  })

  it.each([
    ['that the pipeline does not name', 'other', 'token', /name it under plugin\.secrets/],
    ['whose name results in the variable of a named secret', 'partner', 'api-token', /name it under/],
    ['of another key', 'partner-api', 'password', /name it under/],
  ])('%s is refused, even if the environment has the variable', (_, name, key, message) => {
    expect(() => environment(specWith(token), { variable }).secret(name, key)).toThrow(
      expect.objectContaining({ code: 'SecretMissing', message: expect.stringMatching(message) }),
    )
  })

  it.each([undefined, ''])('that is %j causes an error that names the variable to set', (value) => {
    expect(() => environment(specWith(token), { variable: () => value }).secret('partner-api', 'token')).toThrow(
      expect.objectContaining({
        code: 'SecretMissing',
        message: expect.stringContaining('HEADGATE_SECRET_PARTNER_API_TOKEN, or key token of Secret partner-api'),
      }),
    )
  })

  it('with the same variable as another is refused before the run reads its source', () => {
    const spec = specWith({ name: 'a-b', key: 'c' }, { name: 'a', key: 'b-c' })
    expect(() => environment(spec)).toThrow(expect.objectContaining({ code: 'InvalidPipeline', message: expect.stringContaining('a-b/c and a/b-c') }))
  })
})

describe('a budget', () => {
  it('is the same object for the same host and credential, and is shared with other workers', async () => {
    const made: RateBudgetOptions[] = []
    const rateBudget = (options: RateBudgetOptions) => {
      made.push(options)
      return new RateBudget(options)
    }
    const { budget } = environment(specWith(), { rateBudget })
    const one = budget({ host: 'API.example', credential: 'partner-api', perSecond: 1000 })
    expect(budget({ host: 'api.example', credential: 'partner-api', perSecond: 1000 })).toBe(one)
    expect(budget({ host: 'api.example', perSecond: 5, burst: 1 })).not.toBe(one)
    expect(made).toEqual([
      { name: 'api.example/partner-api', workers: 2, perSecond: 1000 },
      { name: 'api.example/', workers: 2, perSecond: 5, burst: 1 },
    ])
  })

  it('stops waiting when the signal is aborted', async () => {
    const { budget } = environment(specWith())
    const slow = budget({ host: 'api.example', perSecond: 0.001, burst: 2 })
    const stop = new AbortController()
    await slow.take(1)
    const waiting = slow.take(1, stop.signal)
    stop.abort()
    await expect(waiting).resolves.toBeUndefined()
  })
})
