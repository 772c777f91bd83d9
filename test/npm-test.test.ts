// What `npm test` and the other npm scripts promise their callers: arguments, exit codes, the list of skips, the last line.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const bin = join(project, 'node_modules', '.bin')
const folder = mkdtempSync(join(tmpdir(), 'headgate-npm-test-'))
symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs scripts/test.mjs on one test file of that content. */
function runTests(content: string): { code: number | null; lines: string[] } {
  const reporter = JSON.stringify(join(project, 'test', 'support', 'reporter.ts'))
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default { test: { include: ['a.test.mjs'], reporters: ['dot', ${reporter}] } }\n`)
  writeFileSync(join(folder, 'a.test.mjs'), `import { test, expect } from 'vitest'\n${content}\n`)
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter), NO_COLOR: '1' }
  const done = spawnSync('node', [join(project, 'scripts', 'test.mjs'), '--root', folder], { cwd: folder, encoding: 'utf8', env })
  return { code: done.status, lines: done.stdout.trimEnd().split('\n') }
}

test('A run that passes ends with its totals and code 0', () => {
  const { code, lines } = runTests("test('a', () => {}); test('b', () => {})")
  expect(lines.at(-1)).toBe('2 passed, 0 failed, 0 skipped')
  expect(code).toBe(0)
})

test('What was skipped is listed with its reason', () => {
  const { code, lines } = runTests("test('a', () => {}); test('b', (context) => context.skip('no psql; apt-get install postgresql-client'))")
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped')
  expect(lines).toContain('    no psql; apt-get install postgresql-client')
  expect(code).toBe(0)
})

test.each([
  ['a failing test', "test('a', () => { expect(1).toBe(2) })", '0 passed, 1 failed, 0 skipped'],
  ['a file that cannot be loaded', "import './missing.mjs'", '0 passed, 1 failed, 0 skipped'],
  ['an error outside all tests', "test('a', () => { Promise.reject(new Error('lost')) })", '1 passed, 1 failed, 0 skipped'],
])('With %s the totals say so and the code is 1', (_what, content, totals) => {
  const { code, lines } = runTests(content)
  expect(lines.at(-1)).toBe(totals)
  expect(code).toBe(1)
})

test('A target gets arguments and input unchanged, and its exit code is returned', () => {
  const target = "process.stdin.on('data', (text) => { process.stdout.write(JSON.stringify([...process.argv.slice(1), String(text)])); process.exit(7) })"
  const run = `import(${JSON.stringify(join(project, 'scripts', 'run-target.mjs'))}).then((it) => it.runTarget('node', ['-e', process.argv[1], '--', '--once', 'a b']))`
  const done = spawnSync(process.execPath, ['-e', run, target], { input: 'typed', encoding: 'utf8' })
  expect(JSON.parse(done.stdout)).toEqual(['--once', 'a b', 'typed'])
  expect(done.status).toBe(7)
})
