// What the code of a source and a format says of their configuration: see runner/config-check.ts.
import { declaredKind } from '../../crds/kinds.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import { type FormatCode, formatCode } from '../../runner/formats/registry.ts'
import { type SourceCode, sourceCode } from '../../runner/sources/registry.ts'
import type { Finding, IsValid, Path } from './problem.ts'

/** `folder`: where relative paths start. */
export function checkKinds(pipeline: Pipeline, folder: string, isValid: IsValid): Finding[] {
  const { source, format } = pipeline?.spec ?? {}
  return [...checkKind('source', sourceCode, source), ...checkKind('format', formatCode, format)]

  function checkKind(part: string, codes: Readonly<Record<string, SourceCode<unknown> | FormatCode<unknown>>>, declared: object | undefined): Finding[] {
    const kind = declaredKind(codes, declared)
    if (kind === undefined || typeof kind.config !== 'object' || kind.config === null) return []
    const at: Path = ['spec', part, kind.name]
    const findings = kind.entry.check?.(kind.config, { folder, isValid: (path) => isValid([...at, ...path]) }) ?? []
    return findings.map((finding) => ({ ...finding, path: [...at, ...finding.path] }))
  }
}
