// What the image is made of, checked without building it; the suites with pods build and run it.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'

const top = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(top, file), 'utf8')
const build: { include: string[]; exclude: string[] } = JSON.parse(read('tsconfig.build.json'))
const dockerfile = read('Dockerfile')

function sources(): string[] {
  return build.include.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: top, exclude: build.exclude }))
}

test('Everything that is compiled or copied by the Dockerfile is sent to the build', () => {
  const sent = [...read('.dockerignore').matchAll(/^!(.*)$/gm)].map(([, path]) => path)
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' ')).filter((path) => path !== '.')
  const projects = [...read('scripts/build.mjs').matchAll(/'(tsconfig[^']*)'/g)].map(([, project]) => project)
  expect(projects.length).toBeGreaterThan(1)
  expect(sent).toEqual(expect.arrayContaining([...build.include, ...copied, ...projects, 'tsconfig.json']))
})

test('The build context leaves out the same files as tsc', () => {
  const unsent = [...read('.dockerignore').matchAll(/^\*\*.*$/gm)].map(([pattern]) => pattern)
  expect(unsent).toEqual(build.exclude)
})

test('Code in the image imports no development dependency', () => {
  const { dependencies } = JSON.parse(read('package.json'))
  const imported = sources().flatMap((file) =>
    [...read(file).matchAll(/^(?:import|export)\b(?! type)[^'"`;=]*? from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm)].map(([, named, late]) => {
      const name = named ?? late ?? ''
      return { file, name: name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? '') }
    }),
  )
  expect(imported.length).toBeGreaterThan(100)
  expect(imported.filter(({ name }) => !name.startsWith('node:') && dependencies[name] === undefined)).toEqual([])
})

test('Files that the code reads beside itself are copied by the build: SQL, and nothing else', () => {
  const others = globSync(`{${build.include.join(',')}}/**/*.*`, { cwd: top, exclude: ['**/*.ts', 'crds/generated/**'] })
  expect(others.filter((file) => !file.endsWith('.sql'))).toEqual([])
  expect(read('scripts/build.mjs')).toContain('/**/*.sql')
})

test('Every stage can be pinned by digest, and the image runs as an unprivileged user', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(bases.filter((base) => !/^\$\{NODE_IMAGE\}$/.test(base ?? ''))).toEqual([])
  expect(dockerfile.trim().split('\n').slice(-2)).toEqual(['USER 65532:65532', 'CMD ["headgate", "--help"]'])
})

test('Package, image and chart have the same version', () => {
  const { version } = JSON.parse(read('package.json'))
  const chart = load(read('charts/headgate/Chart.yaml')) as { version: string; appVersion: string }
  expect([/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], chart.version, chart.appVersion]).toEqual([version, version, version])
})
