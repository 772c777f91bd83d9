import { describe, test } from 'vitest'
import type { JsonFormat as JsonConfig } from '../../../crds/formats/json.ts'
import type { SourceField } from '../format.ts'
import { formatChecks } from '../testing/conformance.ts'
import { JsonFormat } from './format.ts'

const declared: SourceField[] = [
  { name: 'id', type: 'integer' },
  { name: 'name', type: 'text' },
  { name: 'tags', type: 'json' },
]

const rows = '{"id": 1, "name": "a", "tags": ["x"]}\n{"id": 2, "name": "b\\n", "more": 7}\n{bad}\n\n{"id": 3, "name": null}\r\n{"id": 4}'
const document =
  '{"meta": {"next": [1, {"a": "]"}]}, "data": {"items": [ {"id": 1, "name": "a"}, {"id": 2, "tags": {"b": []}} ,\n{"id": 03}, 7, {"id": 4}]}, "end": 1e5}'

/** `around`: what makes an input of a record's raw bytes. */
const inputs: [what: string, config: JsonConfig, text: string, encoding: BufferEncoding, around?: [string, string]][] = [
  ['lines, one of them malformed', {}, rows, 'utf8'],
  ['lines in UTF-16', {}, `\ufeff${rows.replace('"a"', '"ä表"')}`, 'utf16le', ['\ufeff', '']],
  ['lines behind a byte order mark', {}, `\ufeff${rows}`, 'utf8'],
  ['lines with nested objects flattened', { flatten: '_' }, '{"id": 1, "name": {"x": 1}}\n{"na": {"me": "b"}}\n', 'utf8'],
  ['an array at a path', { path: '$.data.items[*]' }, document, 'utf8', ['{"data": {"items": [', ']}}']],
  ['an array at a pointer', { path: '/data/items' }, `${document}\n${document}`, 'utf8', ['{"data": {"items": [', ']}}']],
  ['concatenated documents', { path: '$' }, '{"id": 1}{"id": 2}\n [{"id": 3}, {"id": 4}]  ', 'utf8'],
  [
    'an object at a path, in several documents',
    { path: '/a/1' },
    '{"a": [{}, {"id": 1}, {}]} {"a": [0, {"id": 2}], "b": {}} {"b": 1}',
    'utf8',
    ['{"a": [0, ', ']}'],
  ],
]

describe.each(inputs)('JSON %s', (_what, config, text, encoding, [before, behind] = ['', '']) => {
  const make = () => new JsonFormat(config, declared, { blockBytes: 64 })
  const inputOf = (raw: Buffer) => Buffer.concat([Buffer.from(before, encoding), raw, Buffer.from(behind, encoding)])
  for (const { name, run } of formatChecks({ make, bytes: Buffer.from(text, encoding), inputOf })) test(name, run)
})
