// The pages of codes against the sources: every code is explained, and nothing is explained that does not exist.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const sources = globSync('{crds,sdk,store,runner,cli}/**/*.ts', { cwd: project })
  .filter((path) => !/\.(test|support)\.ts$|testing\//.test(path))
  .map((path) => ({ path, code: read(path).replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '') }))

function read(path: string): string {
  return readFileSync(join(project, path), 'utf8')
}

/** The codes that the first column of the page's tables names. */
function explained(page: string): string[] {
  return [...read(page).matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) => [...(cell as string).matchAll(/`([^`]+)`/g)].map(([, code]) => code as string))
}

/** What the pattern's last group finds, in all sources below the folders. */
function found(pattern: RegExp, below = /^/): string[] {
  return sources.filter(({ path }) => below.test(path)).flatMap(({ code }) => [...code.matchAll(pattern)].map((match) => match.at(-1) as string))
}

function sorted(codes: readonly string[]): string[] {
  return [...new Set(codes)].sort()
}

test('docs/errors.md explains every code of a failure or an event, once, and no other', () => {
  const codes = [
    ...found(/HeadgateError\(\s*'(\w+)'/g),
    ...found(/\bcode: '([A-Z][a-z]\w+)'/g),
    ...found(/\bwarn\(\s*'(\w+)'/g),
    ...found(/\brecordEvent\([^,]+,[^,]+,\s*'(\w+)'/g),
  ]
  const page = explained('docs/errors.md')
  expect(page.toSorted()).toEqual(sorted(codes))
})

test('A failure has a literal code, so that the page can be compared; PostgreSQL’s come from a table of such', () => {
  const computed = sources.filter(({ code }) => /new HeadgateError\(\s*[^'\s]/.test(code)).map(({ path }) => path)
  expect(computed).toEqual(['store/errors.ts'])
})

test('docs/record-errors.md explains every code of a record, once, and no other', () => {
  const named = found(
    /['`]((?:type|range|length|encoding|csv|json|reference|rule|cost|transform|destination)\.[\w.]*(?:\$\{[^}]+\})?)['`]/g,
    /^(runner|store)\/(?!.*\/check(-encoding)?\.ts)/,
  )
  const computed = found(/['`](format\.\$\{format\})['`]/g, /^runner\//)
  const plain = found(/(?:Problem\(|pattern: )'(null|pattern|enum)'/g, /^runner\//)
  const page = explained('docs/record-errors.md')
  expect(new Set(page).size).toBe(page.length)
  const general = (code: string) => code.replace(/<[^>]+>|\$\{[^}]+\}/, '*').replace(/^format\..*/, 'format.*')
  expect(sorted(page.map(general))).toEqual(sorted([...named, ...computed, ...plain].map(general)))
})
