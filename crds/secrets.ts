// The Secrets that a pipeline names for its classes. The operator puts them into the pod's environment, a worker reads them from its own.

import type { PipelineSpec } from './pipeline.ts'
import { pluginsOf } from './plugin-modules.ts'

/** A key of a Secret of the pipeline's namespace. */
export type SecretKey = { name: string; key: string }

/** Each once, in the order in which the pipeline names them. */
export function secretsOf(spec: PipelineSpec): SecretKey[] {
  const named = pluginsOf(spec).flatMap(({ plugin }) => plugin.secrets ?? [])
  return named.filter(({ name, key }, index) => index === named.findIndex((other) => other.name === name && other.key === key))
}

/** The environment variable that holds it, on a laptop as in a pod. */
export function secretVariable({ name, key }: SecretKey): string {
  return `HEADGATE_SECRET_${`${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/** Two of the secrets whose variable is the same, if there are any. */
export function ambiguousSecrets(secrets: readonly SecretKey[]): readonly [SecretKey, SecretKey] | undefined {
  for (const [index, secret] of secrets.entries()) {
    const other = secrets.slice(0, index).find((earlier) => secretVariable(earlier) === secretVariable(secret))
    if (other !== undefined) return [other, secret]
  }
  return undefined
}
