// The npm package as an integrator gets it: packed, installed into a project of its own, and used there in TypeScript and in JavaScript.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyOfProject } from '../support/project-copy.ts'
import { freshStore } from '../support/store.ts'

const root = join(import.meta.dirname, '../..')
const place = mkdtempSync(join(tmpdir(), 'headgate-package-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))
const project = join(place, 'project')
const checkout = copyOfProject()
const store = await freshStore()
/** The pinned Node first, as npm scripts have it. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }

/** Packs a copy: building in the checkout would take dist/ away from others. */
function pack(): string {
  execFileSync('node', ['scripts/build.mjs'], { cwd: checkout.folder, env, stdio: 'pipe' })
  const name = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', place], {
    cwd: checkout.folder,
    env,
    encoding: 'utf8',
  }).trim()
  return join(place, name)
}

/** The examples as in a project of an integrator: they import from 'headgate'. */
function writeExamples(folder: string, form: 'ts' | 'js'): void {
  const examples = join(root, 'examples/sdk')
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(examples)) {
    const text = readFileSync(join(examples, file), 'utf8')
    const code = file.endsWith('.ts') ? text.replace("'../../sdk/index.ts'", "'headgate'") : text.replaceAll('.ts', `.${form}`)
    const written = file.endsWith('.ts') && form === 'js' ? stripTypeScriptTypes(code) : code
    writeFileSync(join(folder, file.replace(/\.ts$/, `.${form}`)), written)
  }
}

beforeAll(() => {
  const tarball = pack()
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private": true, "type": "module"}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', tarball], { cwd: project, env, stdio: 'pipe' })
  for (const form of ['ts', 'js'] as const) writeExamples(join(project, form), form)
}, 300_000)

type Ended = { state?: string; counts?: Record<string, number>; failure?: unknown }

function run(command: string, folder: string, name: string): { code: number | null; ended: Ended; said: string } {
  const args = [command, 'run', 'pipeline.yaml', '--database', store.url, '--name', name, '--output', 'json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: join(project, folder), env, encoding: 'utf8' })
  return { code: status, ended: stdout === '' ? {} : JSON.parse(stdout).run, said: stderr }
}

describe('The package', () => {
  const installed = join(project, 'node_modules/headgate')

  it('contains the program and the declarations of the SDK, and no sources or tests', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    expect(files).toEqual(expect.arrayContaining(['bin/headgate.mjs', 'dist/cli/main.js', 'dist/sdk/index.js', 'dist/sdk/index.d.ts', 'LICENSE', 'README.md']))
    expect(files.filter((file) => /(^|\/)(test|testing)(\/|$)|\.test\.|\.map$|(?<!\.d)\.ts$/.test(file))).toEqual([])
  })

  it('reports its version, compiled and in a checkout', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const copy of [installed, root]) {
      expect(execFileSync(process.execPath, [join(copy, 'bin/headgate.mjs'), '--version'], { env, encoding: 'utf8' })).toBe(`${version}\n`)
    }
  })

  it('type-checks from outside, with its declarations checked as well', () => {
    const options = {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    writeFileSync(
      join(project, 'kit.ts'),
      "import { extractorChecks } from 'headgate/conformance'\nexport const kit: typeof extractorChecks = extractorChecks\n",
    )
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['ts', 'kit.ts'] }))
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], { env, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })

  it.each(['ts', 'js'])('runs classes of another project, in %s', (form) => {
    const { code, ended, said } = run(join(installed, 'bin/headgate.mjs'), form, `stations-${form}`)
    expect(code, said).toBe(0)
    expect(ended.counts).toMatchObject({ read: 60, quarantined: 6, filtered: 6 })
  })

  it('works with a program of another copy: classes and errors are recognised by their brand', () => {
    writeFileSync(
      join(project, 'js/extractor.js'),
      `import { HeadgateError, RecordExtractor } from 'headgate'
      export default class extends RecordExtractor { *records() { throw new HeadgateError('SourceNotFound', 'nothing today') } }`,
    )
    const { code, ended } = run(join(root, 'bin/headgate.mjs'), 'js', 'stations-other-copy')
    expect(code).toBe(1)
    expect(ended).toMatchObject({ state: 'Failed', failure: { code: 'SourceNotFound', message: 'nothing today' } })
  })
})
