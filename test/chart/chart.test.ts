// What the chart renders, for sets of values that reach every branch of it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect } from 'vitest'
import { operatorConfig } from '../../operator/config.ts'
import { chart, helmTest, ofKind, type Rendered, refusal, render, runHelm, sets, valueSets } from './render.ts'

/** A YAML file, by its path from the chart. */
function read(file: string): { [name: string]: unknown } {
  return load(readFileSync(join(chart, file), 'utf8')) as { [name: string]: unknown }
}

/** Pod templates by the kind and name of what holds them. */
function pods(objects: Rendered[]): [string, Rendered['spec']][] {
  return objects.flatMap((object): [string, Rendered['spec']][] => {
    if (object.kind === 'Pod') return [[`Pod ${object.metadata.name}`, object.spec]]
    return object.spec?.template?.spec ? [[`${object.kind} ${object.metadata.name}`, object.spec.template.spec]] : []
  })
}

function operatorOf(objects: Rendered[]): Rendered['spec'] {
  return ofKind('Deployment', objects)[0]?.spec.template.spec.containers[0]
}

function environment(objects: Rendered[]): { [name: string]: string | undefined } {
  return Object.fromEntries(operatorOf(objects).env.map(({ name, value }: { name: string; value?: string }) => [name, value]))
}

describe.each(valueSets)('With %s', (_, values) => {
  helmTest('helm finds nothing wrong', () => {
    expect(runHelm('lint', '--strict', chart, ...sets(values)).stdout).toContain('0 chart(s) failed')
  })

  helmTest('every pod is unprivileged, limited, and cannot write to its own file system', () => {
    for (const [name, spec] of pods(render(values))) {
      expect(spec.securityContext, name).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const container of spec.containers) {
        expect(container.securityContext, name).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
        expect(container.resources, name).toMatchObject({
          requests: { cpu: expect.anything(), memory: expect.anything() },
          limits: { memory: expect.anything() },
        })
      }
    }
  })

  helmTest('only the operator has a token', () => {
    const withToken = pods(render(values)).filter(([, spec]) => spec.automountServiceAccountToken !== false)
    expect(withToken.map(([name]) => name)).toEqual(['Deployment headgate-operator'])
  })

  helmTest('no object is rendered twice, and each says that it is part of Headgate', () => {
    const objects = render(values)
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
    expect([...new Set(names)]).toEqual(names)
    const ours = objects.filter(({ kind, metadata }) => kind !== 'CustomResourceDefinition' && !/-(extra|text)$/.test(metadata.name))
    for (const { kind, metadata } of ours) expect(metadata.labels, `${kind} ${metadata.name}`).toMatchObject({ 'app.kubernetes.io/part-of': 'headgate' })
  })
})

helmTest('The definitions are installed as generated, and kept when the release goes', () => {
  const installed = ofKind('CustomResourceDefinition', render())
  expect(installed.map(({ metadata }) => metadata.name).sort()).toEqual(['pipelineruns.headgate.dev', 'pipelines.headgate.dev'])
  for (const definition of installed) {
    const generated = read(`../../crds/generated/headgate.dev_${definition.spec.names.plural}.yaml`)
    expect(definition.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' })
    expect(definition.spec).toEqual(generated.spec)
  }
  expect(ofKind('CustomResourceDefinition', render({ 'crds.install': false }))).toEqual([])
})

helmTest('Without cluster-wide rights nothing cluster-wide is rendered', () => {
  const objects = render({ watchNamespaces: ['etl', 'sales'], 'crds.install': false, 'rbac.aggregateRoles': false })
  expect(objects.filter(({ metadata }) => metadata.namespace === undefined)).toEqual([])
  expect(environment(objects)).toMatchObject({ HEADGATE_WATCH_NAMESPACES: 'etl,sales' })
  expect(ofKind('Role', objects).map(({ metadata }) => metadata.namespace)).toEqual(['etl', 'sales', 'etl'])
})

helmTest('Two releases in two namespaces do not share a cluster-wide name, except for the definitions', () => {
  const names = (namespace: string) =>
    render({ 'crds.install': false }, namespace)
      .filter(({ metadata }) => metadata.namespace === undefined)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  expect(names('a').filter((name) => names('b').includes(name))).toEqual([])
})

helmTest('Workers get the operator’s image unless another is named', () => {
  expect(environment(render({ 'image.tag': '2' }))).toMatchObject({ HEADGATE_WORKER_IMAGE: 'headgate/headgate:2' })
  expect(environment(render({ 'worker.image': 'mine:1' }))).toMatchObject({ HEADGATE_WORKER_IMAGE: 'mine:1' })
  expect(operatorOf(render({ 'image.digest': `sha256:${'0'.repeat(64)}` })).image).toBe(`headgate/headgate@sha256:${'0'.repeat(64)}`)
})

helmTest('The operator gets what its configuration reads, and is accepted by it', () => {
  const code = readFileSync(join(chart, '..', '..', 'operator', 'config.ts'), 'utf8')
  const given = environment(render())
  expect(Object.keys(given).sort()).toEqual([...new Set(code.match(/HEADGATE_[A-Z_]+/g))].sort())
  const fromElsewhere = { HEADGATE_NAMESPACE: 'etl', HEADGATE_POD_NAME: 'headgate-operator-x', HEADGATE_STORE_URL: undefined, HEADGATE_REDIS_URL: undefined }
  const config = operatorConfig({ ...given, ...fromElsewhere })
  expect(config).toMatchObject({
    workerImage: `headgate/headgate:${read('Chart.yaml').appVersion}`,
    namespace: 'etl',
    watchNamespaces: [],
    maxActiveRuns: 100,
    jobTtlMs: 86_400_000,
    metricsPort: 8080,
    podName: 'headgate-operator-x',
    leaseName: 'headgate-operator',
    logLevel: 'info',
  })
})

helmTest('A disruption budget is made only where it does not block every drain', () => {
  expect(ofKind('PodDisruptionBudget', render())).toEqual([])
  expect(ofKind('PodDisruptionBudget', render({ 'operator.replicas': 2 }))).toHaveLength(1)
})

describe('Wrong values are refused with the place and what is expected:', () => {
  for (const [path, value, message] of [
    ['operator.replica', 3, "at '/operator': additional properties 'replica' not allowed"],
    ['operators', {}, "additional properties 'operators' not allowed"],
    ['operator.replicas', '2', "at '/operator/replicas': got string, want integer"],
    ['operator.replicas', -1, "at '/operator/replicas': minimum: got -1, want 0"],
    ['operator.maxActiveRuns', 0, "at '/operator/maxActiveRuns': minimum: got 0, want 1"],
    ['image.pullPolicy', 'Sometimes', "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"],
    ['image.digest', 'latest', "at '/image/digest': 'latest' does not match pattern"],
    ['watchNamespaces', 'sales', "at '/watchNamespaces': got string, want array"],
    ['watchNamespaces', ['Sales'], "at '/watchNamespaces/0': 'Sales' does not match pattern"],
    ['postgresql.password', 'p@ss:word', "at '/postgresql/password': 'p@ss:word' does not match pattern"],
    ['redis.maxMemory', '1 lot', "at '/redis/maxMemory': '1 lot' does not match pattern"],
    ['imagePullSecrets', ['registry'], "at '/imagePullSecrets/0': got string, want object"],
    ['operator.resources', { limit: {} }, "at '/operator/resources': additional properties 'limit' not allowed"],
    ['metrics.serviceMonitor.interval', '30', "at '/metrics/serviceMonitor/interval': '30' does not match pattern"],
  ] as const) {
    helmTest(`${path}: ${JSON.stringify(value)}`, () => expect(refusal({ [path]: value })).toContain(message))
  }
})

helmTest('Every value of values.yaml is described by the schema', () => {
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'))
  const values = read('values.yaml')
  expect(Object.keys(schema.properties)).toEqual(Object.keys(values))
})

helmTest('The limits of the values are those that the operator goes by', () => {
  const limits = { runsPerNamespace: 20, timeout: '24h', startDeadline: '5m', workers: 8, cpu: '4', memory: '8Gi', images: ['a/', 'b'], pluginModules: 'Image' }
  const values = { ...Object.fromEntries(Object.entries(limits).map(([name, value]) => [`operator.limits.${name}`, value])), 'worker.memory': 'none' }
  const given = {
    ...environment(render(values)),
    HEADGATE_NAMESPACE: 'etl',
    HEADGATE_POD_NAME: 'x',
    HEADGATE_STORE_URL: undefined,
    HEADGATE_REDIS_URL: undefined,
  }
  expect(operatorConfig(given).limits).toEqual({
    timeoutMs: 86_400_000,
    startDeadlineMs: 300_000,
    workers: 8,
    cpu: '4',
    memory: '8Gi',
    defaultMemory: undefined,
    tmpSize: '1Gi',
    pluginFolder: '/app',
    images: ['a/', 'b'],
    runsPerNamespace: 20,
  })
  expect(refusal({ 'operator.limits.timeout': 'long' })).toContain('timeout')
})
