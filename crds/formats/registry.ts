// The kinds of format. A new one is a file beside this one, a folder in runner/formats, and a line in both registries.

import { oneKind } from '../kinds.ts'
import { bytesSources } from '../sources/registry.ts'
import { csv } from './csv.ts'
import { json } from './json.ts'

export const formats = {
  csv,
  json,
}

export const Format = oneKind(
  'format',
  formats,
  `How bytes become records; exactly one kind. Needed by ${bytesSources.map((name) => `source.${name}`).join(', ')}.`,
)
