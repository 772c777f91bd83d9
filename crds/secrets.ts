// The Secrets that a pipeline names. The operator puts them into the pod's environment, a worker reads them from its own.
import { destinations } from './destinations/registry.ts'
import { formats } from './formats/registry.ts'
import { declaredKind, type Kind, type SecretKey } from './kinds.ts'
import type { PipelineSpec } from './pipeline.ts'
import { pluginsOf } from './plugin-modules.ts'
import { sources } from './sources/registry.ts'

/** Each once, in the order in which the pipeline names them. */
export function secretsOf(spec: PipelineSpec): SecretKey[] {
  const kinds = [declaredKind<Kind>(sources, spec.source), declaredKind<Kind>(formats, spec.format), declaredKind<Kind>(destinations, spec.destination)]
  const ofKinds = kinds.flatMap((kind) => kind?.entry.secrets?.(kind.config) ?? [])
  const named = [...ofKinds, ...pluginsOf(spec).flatMap(({ plugin }) => plugin.secrets ?? [])]
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
