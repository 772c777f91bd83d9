// What a newcomer copies from the README works.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkManifest } from '../cli/check/manifest.ts'

const project = join(import.meta.dirname, '..')
const readme = readFileSync(join(project, 'README.md'), 'utf8')

test('The manifest of the README is valid', () => {
  const manifest = /^```yaml\n(.*?)^```/ms.exec(readme)?.[1] as string
  const { pipelines, problems } = checkManifest(manifest, join(project, 'orders.yaml'))
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(pipelines).toHaveLength(1)
})

test('Every page of docs is linked from the README or from a page that is', () => {
  const linked = new Set<string>()
  const follow = (page: string): void => {
    for (const [, target] of readFileSync(join(project, page), 'utf8').matchAll(/\]\(([^)\s#]+\.md)/g)) {
      const path = join(page, '..', target as string)
      if (linked.has(path) || !pages.includes(path)) continue
      linked.add(path)
      follow(path)
    }
  }
  const pages = [...globSync('docs/**/*.md', { cwd: project }), 'CONTRIBUTING.md']
  follow('README.md')
  expect(pages.filter((page) => !linked.has(page))).toEqual([])
})
