// Compares the reasons in the code with docs/kubernetes.md: every reason is explained, and the page lists no other.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '..', '..', '..')
const sources = globSync('operator/controllers/run/**/*.ts', { cwd: project }).filter((path) => !path.endsWith('.test.ts'))

function given(): string[] {
  const code = sources.map((path) => readFileSync(join(project, path), 'utf8')).join('\n')
  // `Started` is the reason of an Event, not of the condition.
  return [...code.matchAll(/reason(?::| =) (?:[^',\n]*\? )?'([A-Z]\w+)'(?: : '([A-Z]\w+)')?/g)]
    .flatMap(([, one, other]) => [one, other])
    .filter((word) => word !== undefined && word !== 'Started') as string[]
}

function explained(): string[] {
  const page = readFileSync(join(project, 'docs', 'kubernetes.md'), 'utf8')
  const section = /^### Why a run failed$(.*?)^###? /ms.exec(page)?.[1] ?? ''
  const failures = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, word]) => word as string)
  const others = [...(/^Reasons of an active run: (.*)$/m.exec(section)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, word]) => word as string)
  return [...failures, ...others]
}

test('docs/kubernetes.md explains every reason of a run, and no other', () => {
  expect(explained().toSorted()).toEqual([...new Set(given())].filter((word) => word !== 'Succeeded').toSorted())
})
