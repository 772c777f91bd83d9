import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')

test('docs/dependencies.md gives a reason for each dependency, and for nothing else', () => {
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  const page = readFileSync(join(project, 'docs', 'dependencies.md'), 'utf8')
  const explained = [...page.matchAll(/^\| `([^`]+)` \| \S.*\|$/gm)].map(([, name]) => name)
  expect(explained).toEqual([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)])
})

test('The lock file names no registry', () => {
  expect(readFileSync(join(project, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
})

test('The lock file contains every optional package, so that npm ci works on every platform', () => {
  const lock: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
    readFileSync(join(project, 'package-lock.json'), 'utf8'),
  )
  const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => lock.packages[`node_modules/${name}`] === undefined && lock.packages[`${path}/node_modules/${name}`] === undefined,
    ),
  )
  expect(missing).toEqual([])
})
