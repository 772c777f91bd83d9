// Placeholders in a pipeline: is each one known, and closed?
import { declaredKind } from '../../crds/kinds.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { isPlaceholder, placeholders } from '../../crds/placeholders.ts'
import { sourceKinds } from '../../crds/sources/registry.ts'
import { closest } from '../../crds/suggest.ts'
import { parseTemplate, type TemplateProblem } from '../../runner/templates/template.ts'
import type { Finding, IsValid, Path } from './problem.ts'

/** Checks the templates of the source, if its shape is right. */
export function checkPlaceholders(pipeline: Pipeline, isValid: IsValid): Finding[] {
  const source = declaredKind(sourceKinds, pipeline?.spec?.source)
  if (source === undefined || !isValid(['spec', 'source', source.name])) return []
  const templates = source.entry.templates?.(source.config) ?? []
  return templates.flatMap(({ path, text }) => parseTemplate(text).problems.map((problem) => finding(problem, ['spec', 'source', source.name, ...path])))
}

function finding({ name, message }: TemplateProblem, path: Path): Finding {
  const suggestion = meant(name)
  return { path, code: 'placeholder.invalid', message, ...(suggestion !== undefined && { suggestion: `{{ ${suggestion} }}` }) }
}

/** A word alone is most likely a parameter. */
function meant(name: string): string | undefined {
  if (isPlaceholder(name)) return undefined
  return closest(name, Object.keys(placeholders)) ?? [name.replace(/^param\./, 'params.'), `params.${name}`].find(isPlaceholder)
}
