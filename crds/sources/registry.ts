// The kinds of source. A new one is a file beside this one, a folder in runner/sources, and a line in both registries.

import { oneKind, type SourceKind } from '../kinds.ts'
import { Plugin } from '../plugin.ts'
import type { CelRule } from '../shapes.ts'
import { files } from './files.ts'

export const sources = { files }

/** As the operations on any source see them. */
export const sourceKinds: Readonly<Record<string, SourceKind>> = { ...sources }

export const Source = oneKind('source', { ...sources, plugin: { config: Plugin } }, 'Where the bytes come from; exactly one kind.')

/** Names of those that give bytes. */
export const bytesSources = Object.keys(sourceKinds).filter((name) => sourceKinds[name]?.needsFormat === true)

/** Which sources need a format beside them, and that others must not have one. */
export const formatRules: CelRule[] = [
  ...Object.entries(sourceKinds).map(([name, { needsFormat }]) => (needsFormat ? formatNeeded(name) : formatForbidden(name))),
  formatForbidden('plugin'),
]

function formatNeeded(name: string): CelRule {
  return {
    rule: `!has(self.source.${name}) || has(self.format)`,
    message: `source.${name} needs a format: say how its bytes become records, such as format: {csv: {}}`,
    fieldPath: '.format',
    reason: 'FieldValueRequired',
  }
}

function formatForbidden(name: string): CelRule {
  return {
    rule: `!has(self.source.${name}) || !has(self.format)`,
    message: `source.${name} gives records itself: remove format`,
    fieldPath: '.format',
    reason: 'FieldValueForbidden',
  }
}
