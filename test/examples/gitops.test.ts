// examples/gitops: the overlays build, pass the check, and are the same after they are applied; the health rules say what they should.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate } from '@marcbachmann/cel-js'
import { load, loadAll } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { checkManifest } from '../../cli/check/manifest.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'

const example = join(import.meta.dirname, '../../examples/gitops')

type Sample = { kind: 'Pipeline' | 'PipelineRun'; title: string; status?: object; health: 'Healthy' | 'Progressing' | 'Degraded' }

const of = (...conditions: [type: string, status: string, reason?: string][]) => ({
  observedGeneration: 2,
  conditions: conditions.map(([type, status, reason = 'Because']) => ({ type, status, reason, message: 'said' })),
})

const samples: Sample[] = [
  { kind: 'Pipeline', title: 'is new', health: 'Progressing' },
  { kind: 'Pipeline', title: 'has a status without conditions', status: { observedGeneration: 2 }, health: 'Progressing' },
  { kind: 'Pipeline', title: 'is ready', status: of(['Ready', 'True'], ['Stalled', 'False']), health: 'Healthy' },
  { kind: 'Pipeline', title: 'is ready, alone', status: of(['Ready', 'True']), health: 'Healthy' },
  { kind: 'Pipeline', title: 'is being carried out', status: of(['Ready', 'False'], ['Reconciling', 'True']), health: 'Progressing' },
  { kind: 'Pipeline', title: 'is stalled', status: of(['Ready', 'False'], ['Stalled', 'True']), health: 'Degraded' },
  { kind: 'Pipeline', title: 'was ready before it changed', status: { ...of(['Ready', 'True']), observedGeneration: 1 }, health: 'Progressing' },
  { kind: 'PipelineRun', title: 'is new', health: 'Progressing' },
  { kind: 'PipelineRun', title: 'is queued', status: { phase: 'Queued' }, health: 'Progressing' },
  { kind: 'PipelineRun', title: 'runs', status: of(['Succeeded', 'Unknown', 'Running']), health: 'Progressing' },
  { kind: 'PipelineRun', title: 'succeeded', status: of(['Succeeded', 'True', 'Succeeded']), health: 'Healthy' },
  { kind: 'PipelineRun', title: 'failed', status: of(['Succeeded', 'False', 'RunFailed']), health: 'Degraded' },
  { kind: 'PipelineRun', title: 'was cancelled', status: of(['Succeeded', 'False', 'Cancelled']), health: 'Degraded' },
  { kind: 'PipelineRun', title: 'was skipped', status: of(['Succeeded', 'False', 'Skipped']), health: 'Healthy' },
]

const objectOf = ({ kind, status }: Sample) => ({ apiVersion: 'headgate.dev/v1alpha1', kind, metadata: { name: 'a', generation: 2 }, spec: {}, status })

describe('Flux', () => {
  type Rule = { kind: string; inProgress: string; failed: string; current: string }
  type Kustomization = { spec: { healthCheckExprs: Rule[] } }
  const [kustomization] = loadAll(readFileSync(join(example, 'flux/kustomization.yaml'), 'utf8')) as [Kustomization]
  const rules = kustomization.spec.healthCheckExprs

  test.each(samples)('says of a $kind that $title: $health', (sample) => {
    const rule = rules.find(({ kind }) => kind === sample.kind) as Rule
    // Flux tries them in this order. An object that has no status yet is one with an empty status to it.
    const holds = (name: 'inProgress' | 'failed' | 'current') => evaluate(rule[name], { ...objectOf(sample), status: sample.status ?? {} }) === true
    const health = holds('inProgress') ? 'Progressing' : holds('failed') ? 'Degraded' : holds('current') ? 'Healthy' : 'nothing'
    expect(health).toBe(sample.health)
  })
})

describe('Argo CD', () => {
  const { data } = load(readFileSync(join(example, 'argo-cd/argocd-cm.yaml'), 'utf8')) as { data: Record<string, string> }
  const lua = ['lua5.1', 'luajit', 'lua', 'lua5.4'].find((name) => spawnSync(name, ['-v']).error === undefined)

  if (lua === undefined) {
    test('needs a Lua', (context) => context.skip('the health scripts are not tried, because no Lua is installed; `apt-get install lua5.1` brings one'))
    return
  }

  test.each(samples)('says of a $kind that $title: $health', (sample) => {
    const script = data[`resource.customizations.health.headgate.dev_${sample.kind}`] as string
    const program = `local obj = ${luaOf(objectOf(sample))}\nlocal health = (function()\n${script}\nend)()\nio.write(health.status, "|", health.message)`
    const { stdout, stderr } = spawnSync(lua, ['-'], { input: program, encoding: 'utf8' })
    expect({ health: stdout.split('|')[0], stderr }).toEqual({ health: sample.health, stderr: '' })
    expect(stdout.split('|')[1]).not.toBe('')
  })
})

/** A JSON value as a Lua expression. */
function luaOf(value: unknown): string {
  if (value === undefined || value === null) return 'nil'
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`
  if (typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, item]) => `[${JSON.stringify(name)}] = ${luaOf(item)}`)
    .join(', ')}}`
}

describeWithApiServer('The overlays', async (server) => {
  const { namespace, kubectl } = await freshNamespace(server)

  test.each([
    ['dev', 'sales-dev'],
    ['prod', 'sales'],
  ])('%s is built by kustomize, passes the check, and is the same after it is applied', async (overlay, itsNamespace) => {
    const { code, stdout: built } = await kubectl(['kustomize', join(example, 'overlays', overlay)])
    expect(code).toBe(0)
    const { pipelines, problems } = checkManifest(built, join(example, 'built.yaml'))
    expect(problems.filter(({ severity }) => severity !== 'note')).toEqual([])
    expect(pipelines).toMatchObject([{ metadata: { name: 'orders', namespace: itsNamespace } }])
    const here = built.replaceAll(`namespace: ${itsNamespace}\n`, `namespace: ${namespace}\n`)
    expect(await kubectl(['apply', '-f', '-'], here)).toMatchObject({ code: 0 })
    expect(await kubectl(['diff', '-f', '-'], here)).toMatchObject({ code: 0, stdout: '' })
    expect(await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], here)).toMatchObject({ code: 0 })
    expect(await kubectl(['diff', '--server-side', '-f', '-'], here)).toMatchObject({ code: 0, stdout: '' })
  })
})
