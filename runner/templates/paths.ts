// Placeholders in paths. A user who may start runs may not be allowed to write pipelines, so a value never leaves its part of the path,
// and never becomes a glob.
import { declaredKind } from '../../crds/kinds.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { sourceKinds } from '../../crds/sources/registry.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { runValue, type TemplateRun } from './run-values.ts'
import { parseTemplate } from './template.ts'

/** Separators, what globs read as more than itself, and control characters. */
const special = /[/\\*?[\]{},\p{Cc}]/u
const onlyDots = /^\.*$/

/** Throws what `renderPaths` throws for a template of the pipeline's source. */
export function checkTemplates(spec: Pick<PipelineSpec, 'source'>, run: TemplateRun): void {
  const source = declaredKind(sourceKinds, spec.source)
  renderPaths(source?.entry.templates?.(source.config).map(({ text }) => text) ?? [], run)
}

/** Replaces the placeholders by the run's values. Throws InvalidPipeline for an unknown one, InvalidParams for a value that is missing or unusable. */
export function renderPaths(paths: readonly string[], run: TemplateRun): string[] {
  return paths.map((path) => renderPath(path, run))
}

function renderPath(path: string, run: TemplateRun): string {
  const { parts, problems } = parseTemplate(path)
  if (problems[0] !== undefined) throw new HeadgateError('InvalidPipeline', `${problems[0].message}; correct ${path} in spec.source`)
  return parts
    .map((part) => {
      if (typeof part === 'string') return part
      const value = runValue(part.placeholder, run)
      if (!special.test(value) && !onlyDots.test(value)) return value
      throw new HeadgateError('InvalidParams', `${part.placeholder} is ${shown(value)}, which cannot stand in the path ${path}; ${advice}`)
    })
    .join('')
}

const advice = 'give a part of a file name: not empty, not only dots, and without / \\ * ? [ ] { } , and control characters'

/** In quotes, cut to 100 characters; JSON escapes control characters. */
function shown(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
}
