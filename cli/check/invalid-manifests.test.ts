// The tables of what the API server refuses, offline: `headgate check` refuses the same.
import { dump } from 'js-yaml'
import { expect, test } from 'vitest'
import { invalidPipelines } from '../../crds/testing/invalid-pipelines.ts'
import { invalidRuns } from '../../crds/testing/invalid-runs.ts'
import { invalidSettings } from '../../crds/testing/invalid-settings.ts'
import { changed, type InvalidManifest, type Manifest, soundPipeline, soundRun } from '../../crds/testing/manifests.ts'
import { checkManifest } from './manifest.ts'

function errorsOf(manifest: Manifest): string[] {
  const { problems } = checkManifest(dump(manifest), '/nowhere/pipeline.yaml')
  return problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
}

function expectRefusal(manifest: Manifest, { refused, offline = refused }: InvalidManifest): void {
  if (offline !== null) expect(errorsOf(manifest)).toContainEqual(expect.stringContaining(offline))
}

test.each([...invalidPipelines, ...invalidSettings])('a pipeline with $wrong is refused', (row) => {
  expectRefusal(changed(soundPipeline(), row.changes), row)
})

test.each(invalidRuns)('a run with $wrong is refused', (row) => {
  expectRefusal(changed(soundRun(), row.changes), row)
})

test('the valid manifests that the tables start from have no problem', () => {
  expect(errorsOf(soundPipeline())).toEqual([])
  expect(errorsOf(soundRun())).toEqual([])
})
