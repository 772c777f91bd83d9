// Notes about names that depend on the output of transforms, which is known when a run is planned: their classes are loaded then.
import type { Pipeline } from '../../crds/pipeline.ts'
import type { Finding, IsValid } from './problem.ts'

/** Notes for names of the key and the version that no declared field has. */
export function checkTransforms({ spec }: Pipeline, isValid: IsValid): Finding[] {
  if (spec?.transform === undefined || !isValid(['spec', 'schema'])) return []
  const { fields, primaryKey = [], versionField } = spec.schema
  const made = (name: string) => !fields.some((field) => field.name === name)
  const at = (path: Finding['path'], name: string): Finding => ({
    path: ['spec', 'schema', ...path],
    code: 'transform.output',
    severity: 'note',
    message: `${name} is no declared field: a run tells before it reads anything whether a transform outputs it`,
  })
  return [
    ...primaryKey.flatMap((name, index) => (made(name) ? [at(['primaryKey', index], name)] : [])),
    ...(versionField !== undefined && made(versionField) ? [at(['versionField'], versionField)] : []),
  ]
}
