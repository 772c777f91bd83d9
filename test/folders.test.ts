// Which folder imports which: no circles between folders, and no step of the run controller imports another. Biome's noImportCycles finds
// circles of files; a circle of folders can be without one.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path/posix'
import { expect, test } from 'vitest'

type Import = { from: string; to: string }

const top = path.join(import.meta.dirname, '..')
const sources = globSync('{crds,sdk,store,runner,operator,cli}/**/*.ts', { cwd: top }).filter((file) => !file.includes('/generated/'))
const imports = sources.flatMap((file) => importsOf(file, readFileSync(path.join(top, file), 'utf8')))

/** Imports of types and dynamic imports count too: a reader follows them. */
function importsOf(file: string, text: string): Import[] {
  const paths = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\.mock\()\s*'(\.[^']*)'/g)].map(([, to]) => path.join(path.dirname(file), to as string))
  return paths.map((to) => ({ from: file, to }))
}

/** Each import as one between folders below `parent`; `.` is the folder itself. */
function between(all: readonly Import[], parent: string): Import[] {
  const child = (file: string) => (file.startsWith(parent) ? (/^([^/]+)[/]/.exec(file.slice(parent.length))?.[1] ?? '.') : undefined)
  return all.flatMap(({ from, to }) => {
    const [one, other] = [child(from), child(to)]
    return one === undefined || other === undefined || one === other ? [] : [{ from: one, to: other }]
  })
}

/** The folders from which an import leads back to them. */
function inCircles(edges: readonly Import[]): string[] {
  const reachable = (from: string) => {
    const found = new Set<string>()
    const visit = (folder: string) => {
      for (const { to } of edges.filter((edge) => edge.from === folder)) if (!found.has(to) && found.add(to)) visit(to)
    }
    visit(from)
    return found
  }
  return [...new Set(edges.map(({ from }) => from))].filter((folder) => reachable(folder).has(folder)).sort()
}

/** Imports of a step by another, and of any step by what the steps share. Only `run.ts` composes them. */
function betweenSteps(all: readonly Import[]): Import[] {
  const step = (file: string) => /^operator[/]controllers[/]run[/](\w+)[/]/.exec(file)?.[1]
  return all.filter(({ from, to }) => from.startsWith('operator/controllers/run/') && step(to) !== undefined && step(from) !== step(to))
}

const tests = /[.]test[.]ts$|[/]testing[/]/
const code = imports.filter(({ from }) => !tests.test(from))
const composer = 'operator/controllers/run/run.ts'

test.each(['', 'operator/', 'operator/controllers/', 'runner/', 'runner/loaders/postgres/', 'cli/'])('No circle between the folders below "%s"', (parent) => {
  const edges = between(parent === '' ? imports : code, parent).filter(({ from, to }) => from !== '.' && to !== '.')
  expect(edges).not.toEqual([])
  expect(inCircles(edges)).toEqual([])
})

test('Only run.ts imports the steps of the run controller, and no step imports it', () => {
  const composed = betweenSteps(code).filter(({ from }) => from === composer)
  expect(new Set(composed.map(({ to }) => path.basename(path.dirname(to))))).toEqual(new Set(['admission', 'start', 'observe', 'cancel']))
  expect(betweenSteps(code).filter(({ from }) => from !== composer)).toEqual([])
  expect(code.filter(({ from, to }) => to === composer && from.startsWith('operator/controllers/run/'))).toEqual([])
})

test('A planted import is found', () => {
  const planted = (from: string, text: string) => [...imports, ...importsOf(from, text)]
  const dynamic = planted('crds/cron.ts', "const { run } = await import('../operator/term.ts')")
  expect(inCircles(between(dynamic, ''))).toEqual(['crds', 'operator', 'store'])
  const types = planted('operator/cache/jobs.ts', "import type { Again } from '../controllers/run/context.ts'")
  expect(inCircles(between(types, 'operator/'))).toEqual(expect.arrayContaining(['cache', 'controllers']))
  const sibling = planted('operator/controllers/run/cancel/cancel.ts', "import { observe } from '../observe/decide.ts'")
  expect(betweenSteps(sibling)).toContainEqual({ from: 'operator/controllers/run/cancel/cancel.ts', to: 'operator/controllers/run/observe/decide.ts' })
  const shared = planted('operator/controllers/run/conclude.ts', "export * from './start/job.ts'")
  expect(betweenSteps(shared)).toContainEqual({ from: 'operator/controllers/run/conclude.ts', to: 'operator/controllers/run/start/job.ts' })
})
