// The pages about operation against the sources: reasons of runs and pipelines, metrics and alerts are all there, and no other.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(project, path), 'utf8')

function sourceOf(pattern: string): string {
  const files = globSync(pattern, { cwd: project }).filter((path) => !/\.test\.ts$|testing\//.test(path))
  expect(files).not.toEqual([])
  return files.map(read).join('\n')
}

function words(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, word]) => word as string))].sort()
}

/** First cells of the tables below a heading, without the quotation marks. */
function firstCells(page: string, heading: string): string[] {
  const section = page.slice(page.indexOf(heading) + heading.length).split(/^##/m)[0] as string
  return words(section, /^\| `(\w+)` \|/gm)
}

test('docs/kubernetes.md names every reason of a run or pipeline', () => {
  const page = read('docs/kubernetes.md')
  const sources = sourceOf('operator/controllers/{run,pipeline-status}/**/*.ts') + sourceOf('operator/controllers/schedule/problems.ts')
  const reasons = words(sources, /\breason(?:: | = )(?:[^'\n]*\? )?'([A-Z]\w+)'/g)
  expect(reasons).toContain('ImagePull')
  const plain = ['Succeeded', 'Started']
  expect(reasons.filter((reason) => !plain.includes(reason) && !page.includes(`\`${reason}\``))).toEqual([])
  expect(firstCells(page, '### Why a run failed').filter((reason) => !sources.includes(`'${reason}'`))).toEqual([])
})

test('docs/operations.md names every metric, and no other', () => {
  const known = words(sourceOf('operator/metrics/*.ts'), /name: '([a-z]+_\w+)'/g)
  const page = read('docs/operations.md')
  const told = words(page.slice(page.indexOf('## Metrics'), page.indexOf('## Alerts')), /`([a-z]+_[a-z_]+)`/g)
  expect(told).toEqual(known)
})

test('docs/operations.md names every alert of the chart, and no other', () => {
  const rules = load(read('charts/headgate/files/alerts.yaml')) as { alert: string }[]
  expect(firstCells(read('docs/operations.md'), '## Alerts and dashboard')).toEqual(rules.map(({ alert }) => alert).sort())
})
