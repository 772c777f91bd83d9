// Placeholders in the paths of a pipeline: is each one known, and closed?

import type { Pipeline } from '../../crds/pipeline.ts'
import { isPlaceholder, placeholders } from '../../crds/placeholders.ts'
import { parseTemplate, type TemplateProblem } from '../../runner/templates/template.ts'
import type { Finding, Path, Sound } from './problem.ts'
import { closest } from './suggest.ts'

/** Checks the paths whose shape is right. */
export function checkPlaceholders(pipeline: Pipeline, sound: Sound): Finding[] {
  const at: Path = ['spec', 'source', 'files', 'paths']
  const paths = pipeline?.spec?.source?.files?.paths
  if (!Array.isArray(paths)) return []
  return paths.flatMap((path, index) => (sound([...at, index]) ? parseTemplate(path).problems.map((problem) => finding(problem, [...at, index])) : []))
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
