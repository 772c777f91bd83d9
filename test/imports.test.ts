// The rule of who may import whom (docs/architecture.md) is Biome's to enforce; this proves that it does, on a tree of wrong files.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const tree = mkdtempSync(join(tmpdir(), 'headgate-lint-'))
mkdirSync(join(tree, 'scripts/lint'), { recursive: true })
for (const file of ['biome.json', '.gitignore', 'scripts/lint/no-module-mocks.grit']) copyFileSync(join(project, file), join(tree, file))
afterAll(() => rmSync(tree, { recursive: true, force: true }))

/** What the linter says of a file of that name and content. */
function lint(file: string, code: string): string {
  mkdirSync(dirname(join(tree, file)), { recursive: true })
  writeFileSync(join(tree, file), code)
  const done = spawnSync(join(project, 'node_modules', '.bin', 'biome'), ['lint', file], { cwd: tree, encoding: 'utf8' })
  const said = done.stdout + done.stderr
  expect(said).toContain('Checked 1 file')
  return said
}

function importing(target: string): string {
  return `import { a } from '${target}'\n\nexport const b = a\n`
}

test.each<[file: string, target: string]>([
  ['sdk/a.ts', '../crds/pipeline.ts'],
  ['sdk/a.ts', '../store/index.ts'],
  ['crds/a.ts', '../sdk/index.ts'],
  ['store/a.ts', '../runner/engine/index.ts'],
  ['store/migrations/a.ts', '../../cli/main.ts'],
  ['runner/engine/a.ts', '../../cli/config.ts'],
  ['runner/engine/a.ts', '../../operator/main.ts'],
  ['operator/api/a.ts', '../../runner/main.ts'],
  ...['crds', 'sdk', 'store', 'runner', 'operator', 'cli', 'cli/check', 'test', 'examples'].map((folder): [string, string] => [`${folder}/a.ts`, 'yaml']),
])('%s may not import %s', (file, target) => {
  expect(lint(file, importing(target))).toContain('noRestrictedImports')
})

test.each([
  ['store/a.ts', '../sdk/index.ts'],
  ['runner/engine/a.ts', '../../store/index.ts'],
  ['runner/engine/a.ts', '../sources/files/index.ts'],
  ['operator/api/a.ts', '../../crds/pipeline.ts'],
  ['cli/a.ts', '../runner/engine/index.ts'],
  ['runner/a.ts', 'cli-progress'],
  ['cli/check/documents.ts', 'yaml'],
  ['crds/generate.ts', 'js-yaml'],
])('%s may import %s', (file, target) => {
  expect(lint(file, importing(target))).not.toContain('noRestrictedImports')
})

test.each([
  ['sdk/a.ts', 'process.env.HOME', 'noProcessEnv'],
  ['runner/engine/a.ts', "console.log('here')", 'noConsole'],
])('%s may not use %s', (file, code, rule) => {
  expect(lint(file, `export const a = ${code}\n`)).toContain(rule)
})

test('Only config.ts reads the environment', () => {
  expect(lint('cli/config.ts', 'export const a = process.env.HOME\n')).not.toContain('noProcessEnv')
})

test('Two files may not import each other', () => {
  lint('store/other.ts', importing('./one.ts'))
  expect(lint('store/one.ts', importing('./other.ts'))).toContain('noImportCycles')
})

test('The engine may not know a loader by its class; only the assembly may', () => {
  const loader = importing('../loaders/postgres/loader.ts')
  expect(lint('runner/engine/a.ts', loader)).toContain('knows none by its class')
  expect(lint('runner/engine/assembly.ts', loader)).not.toContain('knows none by its class')
})

test('A test may not replace a module', () => {
  const mocking = (call: string) => lint('test/a.test.ts', `import { vi } from 'vitest'\n\n${call}\n`)
  expect(mocking(`vi.mock('../runner/config.ts')`)).toContain('instead of replacing a module')
  expect(mocking(`vi.useFakeTimers()`)).not.toContain('instead of replacing a module')
})
