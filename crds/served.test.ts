// What people see of the CRDs on a real API server: kubectl apply, diff, explain and get.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../test/support/kubernetes.ts'
import type { JsonSchema } from './structural.ts'
import { type Changes, changed, type Manifest, soundPipeline, soundRun } from './testing/manifests.ts'

const project = join(import.meta.dirname, '..')

/** Overlays are parts of manifests, which kustomize puts together. */
const files = globSync('examples/**/*.yaml', { cwd: project }).filter((file) => !file.includes('overlays'))
/** Every manifest of our kinds in the examples. */
const examples = files.flatMap((file) =>
  (loadAll(readFileSync(join(project, file), 'utf8')) as (Manifest | null)[])
    .filter((manifest) => manifest?.apiVersion?.startsWith('headgate.dev/'))
    .map((manifest): [string, Manifest] => [`${file} ${manifest?.metadata?.name}`, manifest as Manifest]),
)

const full: Changes = {
  'metadata.name': 'full',
  'spec.schedule': { cron: '*/15 6-20 * * MON-FRI', timeZone: 'Europe/Berlin', suspend: true, concurrency: 'Skip', catchUp: 0 },
  'spec.resources': { requests: { cpu: '0.5', memory: '512Mi' }, limits: { cpu: 1, memory: '1.5Gi' } },
  'spec.pod': {
    image: 'registry.example/headgate:1',
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
    tolerations: [{ key: 'batch', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }],
    labels: { team: 'data' },
    annotations: { 'example.com/owner': 'someone@example.com' },
  },
  'spec.startDeadline': '5m',
  'spec.timeout': '2h',
  'spec.redis': { secretRef: { name: 'shared' } },
  'spec.destination.postgres.secretRef': { name: 'warehouse' },
  'spec.retention': { runs: '30d', quarantine: '365d', evidence: '12h' },
}
const fullRun: Changes = {
  'metadata.name': 'full-1',
  'spec.params': { day: '2026-03-01' },
  'spec.interval': { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00+01:00' },
}
/** As many fields as there may be, each with as many rules to keep as one field can have. */
function widestFields() {
  return Array.from({ length: 1600 }, (_, index) => ({
    name: `${'n'.repeat(58)}_${1000 + index}`,
    type: 'decimal',
    precision: 12,
    scale: 2,
    min: 1,
    max: '123456.78',
    decimalComma: true,
    references: { table: `${'s'.repeat(60)}.${'t'.repeat(60)}`, column: 'c'.repeat(60), onMissing: 'park' },
  }))
}
const keyOfWidest = Array.from({ length: 16 }, (_, index) => `${'n'.repeat(58)}_${2599 - index}`)

const manifests: [string, Manifest][] = [
  ...examples,
  ['a pipeline with every setting', changed(soundPipeline(), full)],
  ['a run with every setting', changed(soundRun(), fullRun)],
]

/** Paths of a served schema whose fields say nothing about themselves; items of lists and maps are told by their list. */
function* silent(schema: JsonSchema, path: string): Generator<string> {
  if (!schema.description) yield path
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (path !== '' || name === 'spec' || name === 'status') yield* silent(property, `${path}.${name}`)
  if (schema.items?.properties) yield* silent(schema.items, `${path}[]`)
}

describeWithApiServer(
  'a cluster with the CRDs',
  async (server) => {
    const { kubectl, namespace } = await freshNamespace(server)
    const on = (args: string[], input?: object) => kubectl([...args, '--namespace', namespace], input && JSON.stringify(input))
    const patchStatus = (name: string, status: object) =>
      on(['patch', name, '--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status })])

    const ways: [string, string[]][] = [
      ['kubectl', []],
      ['server-side', ['--server-side']],
    ]
    const applied = ways.flatMap(([way, flags]) =>
      manifests.map(([what, manifest], index) => ({ way, flags, what, manifest, name: `${manifest.metadata.name}-${index}-${way}` })),
    )
    test.concurrent.each(applied)(
      'takes $what ($way), sees no difference afterwards, and a second apply changes nothing',
      async ({ flags, manifest, name }) => {
        const object = { ...manifest, metadata: { ...manifest.metadata, name } }
        const apply = () => on(['apply', ...flags, '--output', 'jsonpath={.metadata.resourceVersion}', '--filename', '-'], object)
        const first = await apply()
        expect(first).toMatchObject({ code: 0, stderr: '' })
        expect(await on(['diff', ...flags, '--filename', '-'], object)).toEqual({ code: 0, stdout: '', stderr: '' })
        expect(await apply()).toEqual(first)
      },
    )

    test('accepts the largest pipeline within the cost budget of CEL rules', async () => {
      const wide = changed(soundPipeline(), { 'metadata.name': 'wide', 'spec.schema.fields': widestFields(), 'spec.schema.primaryKey': keyOfWidest })
      expect(await on(['apply', '--server-side', '--filename', '-'], wide)).toMatchObject({ code: 0, stderr: '' })
    })

    test('explains every field', async () => {
      const served = await kubectl(['get', '--raw', '/openapi/v3/apis/headgate.dev/v1alpha1'])
      const { schemas } = (JSON.parse(served.stdout) as { components: { schemas: Record<string, JsonSchema> } }).components
      for (const kind of ['Pipeline', 'PipelineRun']) {
        const [, schema] = Object.entries(schemas).find(([name]) => name.endsWith(`.v1alpha1.${kind}`)) ?? []
        expect(Object.keys(schema?.properties?.spec?.properties ?? {}).length).toBeGreaterThan(3)
        expect([...silent(schema as JsonSchema, '')]).toEqual([])
      }
      const explained = await kubectl(['explain', 'pipelines.headgate.dev.spec.schedule.concurrency'])
      expect(explained.stdout.replaceAll(/\s+/g, ' ')).toContain('Queue waits for its turn; Skip ends it at once, unstarted')
    })

    test('shows a pipeline and its runs at a glance', async () => {
      await on(['apply', '--filename', '-'], changed(soundPipeline(), { 'metadata.name': 'glance', 'spec.schedule': { cron: '@daily', suspend: true } }))
      await on(['apply', '--filename', '-'], changed(soundRun(), { 'metadata.name': 'glance-1', 'spec.pipelineRef.name': 'glance' }))
      const now = new Date().toISOString()
      const condition = (type: string, reason: string) => ({ type, status: 'True', reason, message: 'all is well', lastTransitionTime: now })
      const records = { read: 12, loaded: 10, unchanged: 0, superseded: 0, filtered: 0, quarantined: 2, parked: 0 }
      const ready = {
        conditions: [condition('Ready', 'Valid')],
        lastRun: { name: 'glance-1', phase: 'Succeeded' },
        lastSuccess: { name: 'glance-1', completionTime: now },
      }
      expect(await patchStatus('pipelines.headgate.dev/glance', ready)).toMatchObject({ code: 0 })
      const succeeded = { phase: 'Succeeded', records, duration: '3m12s', conditions: [condition('Succeeded', 'Succeeded')] }
      expect(await patchStatus('pipelineruns.headgate.dev/glance-1', succeeded)).toMatchObject({ code: 0 })

      const pipelines = (await on(['get', 'hgp', 'glance'])).stdout.split('\n')
      expect(pipelines[0]?.trim().split(/ {2,}/)).toEqual(['NAME', 'SCHEDULE', 'SUSPENDED', 'LAST RUN', 'LAST SUCCESS', 'READY', 'AGE'])
      expect(pipelines[1]).toMatch(/^glance +@daily +true +Succeeded +\d+s +True +\d+s *$/)
      const runs = (await on(['get', 'hgr', 'glance-1', '--output', 'wide'])).stdout.split('\n')
      expect(runs[0]?.trim().split(/ {2,}/)).toEqual(['NAME', 'PIPELINE', 'STATUS', 'READ', 'LOADED', 'QUARANTINED', 'DURATION', 'AGE', 'REASON', 'MESSAGE'])
      expect(runs[1]).toMatch(/^glance-1 +glance +Succeeded +12 +10 +2 +3m12s +\d+s +Succeeded +all is well *$/)
      const all = await on(['get', 'headgate', '--output', 'name'])
      expect(all.stdout).toContain('pipeline.headgate.dev/glance')
      expect(all.stdout).toContain('pipelinerun.headgate.dev/glance-1')
    })

    test('accepts status only through the subresource and in its declared shape', async () => {
      const run = changed(soundRun(), { 'metadata.name': 'status-1' })
      await on(['apply', '--filename', '-'], { ...run, status: { phase: 'Succeeded' } })
      expect((await on(['get', 'hgr/status-1', '--output', 'jsonpath={.status}{.metadata.generation}'])).stdout).toBe('1')
      expect((await patchStatus('hgr/status-1', { phase: 'Done' })).stderr).toContain('Unsupported value: "Done"')
      expect((await patchStatus('hgr/status-1', { phases: 'Running' })).stderr).toContain('unknown field "status.phases"')
      expect((await patchStatus('hgr/status-1', { startTime: 'now' })).stderr).toContain('must be of type date-time')
      expect((await patchStatus('hgr/status-1', { phase: 'Running' })).code).toBe(0)
      expect((await on(['get', 'hgr/status-1', '--output', 'jsonpath={.status.phase}{.metadata.generation}'])).stdout).toBe('Running1')
    })
  },
  { controllers: undefined },
)
