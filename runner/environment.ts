// runEnvironment: the SDK's Environment of a run: secrets, fetch, clock, random numbers and rate budgets. Made once per worker, by the engine.
import { setTimeout as wait } from 'node:timers/promises'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { ambiguousSecrets, secretsOf, secretVariable } from '../crds/secrets.ts'
import { type Budget, type Clock, type Environment, HeadgateError } from '../sdk/index.ts'
import { environmentVariable } from './config.ts'
import { budgetName, type RateBudget, type RateBudgetOptions } from './coordination/budget.ts'

export type EnvironmentOptions = {
  spec: PipelineSpec
  /** Number of workers of the run. */
  workers: number
  rateBudget: (options: RateBudgetOptions) => RateBudget
  /** Returns the value of an environment variable. Default: that of this process. */
  variable?: (name: string) => string | undefined
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, { ...(signal !== undefined && { signal }) }).catch(() => {}),
}

/** Throws InvalidPipeline if two secrets that the pipeline names would have the same environment variable. */
export function runEnvironment({ spec, workers, rateBudget, variable = environmentVariable }: EnvironmentOptions): Environment {
  const named = secretsOf(spec)
  const same = ambiguousSecrets(named)
  if (same !== undefined) {
    const [one, other] = same.map(({ name, key }) => `${name}/${key}`)
    throw new HeadgateError('InvalidPipeline', `the secrets ${one} and ${other} have the same variable, ${secretVariable(same[0])}; rename a key`)
  }
  const budgets = new Map<string, Budget>()
  return {
    secret(name, key) {
      const variableName = secretVariable({ name, key })
      const isNamed = named.some((secret) => secret.name === name && secret.key === key)
      const value = isNamed ? variable(variableName) : undefined
      if (value !== undefined && value !== '') return value
      const advice = isNamed
        ? `set ${variableName}, or key ${key} of Secret ${name} on a cluster`
        : `name it under plugin.secrets: [{name: ${name}, key: ${key}}]`
      throw new HeadgateError('SecretMissing', `the pipeline has no secret ${name}/${key}: ${advice}`)
    },
    fetch: globalThis.fetch,
    clock: systemClock,
    random: Math.random,
    budget({ host, credential, ...rate }) {
      const name = budgetName(host, credential)
      const known = budgets.get(name)
      if (known !== undefined) return known
      const shared = rateBudget({ name, workers, ...rate })
      const budget: Budget = { take: async (count, signal) => systemClock.sleep(await shared.take(count), signal) }
      budgets.set(name, budget)
      return budget
    },
  }
}
