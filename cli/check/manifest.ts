// Checks one manifest file offline: YAML, shape, the rules of the CRD, and what only this machine can know.
import { dirname } from 'node:path'
import type { Document } from 'yaml'
import type { Pipeline } from '../../crds/pipeline.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import { checkContents } from './contents.ts'
import { isFatal, type Manifest, parseManifest, place } from './documents.ts'
import { checkKinds } from './kind-checks.ts'
import { kindOf } from './kinds.ts'
import { checkPlaceholders } from './placeholders.ts'
import { byPosition, type Finding, formatPath, type IsValid, type Problem, validity } from './problem.ts'
import { checkRules } from './rules.ts'
import { checkShape } from './shape.ts'
import { checkSurroundings } from './surroundings.ts'
import { checkTiming } from './timing.ts'
import { checkTransforms } from './transforms.ts'
import { checkWords } from './words.ts'

export type CheckedManifest = {
  /** The pipelines without an error, in the order of the file. */
  pipelines: Pipeline[]
  /** The first of them. */
  pipeline?: Pipeline
  /** Sorted by position. */
  problems: Problem[]
}

/** A rule that only repeats what a more exact finding says about the same place is left out. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const exact = new Set(findings.filter((finding) => finding.code !== 'rule.broken').map((finding) => formatPath(finding.path)))
  return findings.filter((finding) => finding.code !== 'rule.broken' || !exact.has(formatPath(finding.path)))
}

function findingsOf(value: unknown, document: Document.Parsed, folder: string): Finding[] {
  const kind = kindOf(value)
  const shape = checkShape(value, kind)
  const isValid = validity(shape.map((finding) => finding.path))
  const deeper = kind.name === 'PipelineRun' ? checkRunName(value as PipelineRun) : deeperFindings(value as Pipeline, folder, isValid)
  return withoutRepeats([...shape, ...checkRules(value, shape, kind.schema), ...deeper, ...checkWords(document)])
}

function deeperFindings(pipeline: Pipeline, folder: string, isValid: IsValid): Finding[] {
  return [
    ...checkContents(pipeline, isValid),
    ...checkPlaceholders(pipeline, isValid),
    ...checkTiming(pipeline, isValid),
    ...checkKinds(pipeline, folder, isValid),
    ...checkTransforms(pipeline, isValid),
    ...checkSurroundings(pipeline, folder, isValid),
  ]
}

function checkRunName(run: PipelineRun): Finding[] {
  const { name, generateName } = (run?.metadata ?? {}) as Partial<PipelineRun['metadata']>
  if (name !== undefined || generateName !== undefined) return []
  return [{ path: ['metadata', 'name'], code: 'field.required', message: 'name is missing: add it, or generateName for kubectl create' }]
}

/** Another kind is none of our business, unless it was meant to be one of ours. */
function otherKind(value: unknown): Finding | undefined {
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (typeof kind !== 'string' || kind === 'Pipeline' || kind === 'PipelineRun' || (typeof apiVersion === 'string' && apiVersion.startsWith('headgate.dev/')))
    return undefined
  return { path: ['kind'], code: 'kind.ignored', severity: 'note', message: `a ${kind} is not checked here` }
}

/** Checks a manifest's text; `file` is its path, against which the pipeline's own paths are resolved. */
export function checkManifest(text: string, file: string): CheckedManifest {
  const manifest = parseManifest(text, file)
  const pipelines: Pipeline[] = []
  const problems = [...manifest.problems]
  let kinds = 0
  for (const document of manifest.documents) {
    if (document.contents === null && document.errors.length === 0) continue
    kinds++
    if (document.errors.some(isFatal)) continue
    const found = checkDocument(document, manifest, file)
    problems.push(...found)
    if (document.errors.length === 0 && found.every((problem) => problem.severity !== 'error') && document.get('kind') === 'Pipeline')
      pipelines.push(document.toJS() as Pipeline)
  }
  if (kinds === 0)
    problems.push({ file, line: 1, column: 1, path: '', code: 'yaml.empty', message: 'the file holds nothing: write a Pipeline', severity: 'error' })
  const [pipeline] = pipelines
  return { pipelines, ...(pipeline ? { pipeline } : {}), problems: problems.sort(byPosition) }
}

function checkDocument(document: Document.Parsed, manifest: Manifest, file: string): Problem[] {
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    return place([{ path: [], code: 'yaml.syntax', message: `not valid YAML: ${(error as Error).message}` }], document, manifest.lines, file)
  }
  const other = otherKind(value)
  return place(other ? [other] : findingsOf(value, document, dirname(file)), document, manifest.lines, file)
}
