// What the CRDs refuse, proven on a real API server with the words that people see.
import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../test/support/kubernetes.ts'
import { invalidPipelines } from './testing/invalid-pipelines.ts'
import { invalidRuns, refusedChanges } from './testing/invalid-runs.ts'
import { invalidSettings } from './testing/invalid-settings.ts'
import { type Changes, changed, type Manifest, soundPipeline, soundRun } from './testing/manifests.ts'

describeWithApiServer(
  'kubectl apply',
  async (server) => {
    const { kubectl, namespace } = await freshNamespace(server)
    const apply = (manifest: Manifest) => kubectl(['apply', '--namespace', namespace, '--filename', '-'], JSON.stringify(manifest))

    test.concurrent.each([...invalidPipelines, ...invalidSettings])('refuses a pipeline with $wrong', async ({ changes, refused }) => {
      const { code, stderr } = await apply(changed(soundPipeline(), changes))
      expect(stderr).toContain(refused)
      expect(code).toBe(1)
    })

    test.concurrent.each(invalidRuns)('refuses a run with $wrong', async ({ changes, refused }) => {
      const { code, stderr } = await apply(changed(soundRun(), changes))
      expect(stderr).toContain(refused)
      expect(code).toBe(1)
    })

    const named = (index: number, changes: Changes) => changed(soundRun(), { 'metadata.name': `changed-${index}`, ...changes })
    test.concurrent.each(refusedChanges.map((change, index) => ({ ...change, index })))(
      'refuses of a run $wrong',
      async ({ index, before, after, refused }) => {
        expect(await apply(named(index, before))).toMatchObject({ code: 0, stderr: '' })
        const { code, stderr } = await apply(named(index, { ...before, ...after }))
        expect(stderr).toContain(refused)
        expect(code).toBe(1)
      },
    )

    test('accepts the valid manifests that the tables start from, and cancelling a run', async () => {
      expect(await apply(soundPipeline())).toMatchObject({ code: 0, stderr: '' })
      expect(await apply(soundRun())).toMatchObject({ code: 0, stderr: '' })
      expect(await apply(changed(soundRun(), { 'spec.cancel': true }))).toMatchObject({ code: 0, stderr: '' })
    })
  },
  { controllers: undefined },
)
