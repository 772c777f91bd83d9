import { expect, test } from 'vitest'
import { isInImage, moduleKind, modulesOf } from './plugin-modules.ts'

test.each([
  ['./extractor.ts', 'file'],
  ['../shared/a:b.mjs', 'file'],
  ['/app/plugins/a.js', 'file'],
  ['feeds', 'package'],
  ['@partner/feeds', 'package'],
  ['@partner/feeds/dist/extractor.js', 'package'],
])('%s is a %s', (module, kind) => expect(moduleKind(module)).toBe(kind))

const urls = ['data:text/javascript,export default 1', 'DATA:text/javascript,1', 'http://x/a.js', 'https://x/a.js', 'file:///data/a.js', 'node:fs', 'blob:x']

test.each([...urls, '//evil.example/a.js\u0000', '#internal', '..', '.', '', 'a b', 'feeds/../../../data/evil.js', '@a/../b', 'feeds/./x', 'c:\\x.js'])(
  '%j is no module',
  (module) => expect(moduleKind(module)).toBeUndefined(),
)

test.each([
  ['feeds', true],
  ['/app/plugins/a.js', true],
  ['/app/../data/a.js', false],
  ['/app', false],
  ['/application/a.js', false],
  ['/data/a.js', false],
  ['./a.js', false],
  ['../app/a.js', false],
  ['data:text/javascript,1', false],
])('Whether %s is in the image: %s', (module, expected) => expect(isInImage(module, '/app')).toBe(expected))

test('The modules of a pipeline are found wherever it names one', () => {
  const plugin = (module: string) => ({ plugin: { module } })
  const spec = { source: plugin('a'), destination: plugin('b'), validators: [plugin('c')], transform: [plugin('d'), plugin('e')], schema: { fields: [] } }
  expect(modulesOf(spec as never)).toEqual([
    { path: 'spec.source.plugin.module', module: 'a' },
    { path: 'spec.destination.plugin.module', module: 'b' },
    { path: 'spec.validators[0].plugin.module', module: 'c' },
    { path: 'spec.transform[0].plugin.module', module: 'd' },
    { path: 'spec.transform[1].plugin.module', module: 'e' },
  ])
})
