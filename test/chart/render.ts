// The chart as helm renders it, for the tests beside this file; helm is the one on PATH or that of the test cluster's programs.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { type TestContext, test } from 'vitest'
import { builtPrograms } from '../cluster/location.ts'

export const chart = join(import.meta.dirname, '..', '..', 'charts', 'headgate')

export type Values = { [name: string]: unknown }

/** A rendered object. Its shape is the API server's to judge; tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Rendered = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string; [name: string]: any }; [name: string]: any }

const helm = [join(builtPrograms() ?? '', 'helm'), 'helm'].find((program) => spawnSync(program, ['version']).status === 0)

export function runHelm(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(helm ?? 'helm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

/** As arguments of helm. */
export function sets(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`])
}

function template(values: Values, namespace: string) {
  return runHelm('template', 'headgate', chart, '--namespace', namespace, ...sets(values))
}

/** Everything a release named headgate consists of. Values are given by path: `{'operator.replicas': 2}`. */
export function render(values: Values = {}, namespace = 'etl'): Rendered[] {
  const { status, stdout, stderr } = template(values, namespace)
  if (status !== 0) throw new Error(stderr)
  return (loadAll(stdout) as (Rendered | null)[]).filter((object) => object !== null)
}

/** Why helm refuses these values. */
export function refusal(values: Values): string {
  const { status, stderr } = template(values, 'etl')
  if (status === 0) throw new Error('helm accepted them')
  return stderr
}

export function ofKind(kind: string, objects: Rendered[]): Rendered[] {
  return objects.filter((object) => object.kind === kind)
}

/** A test that needs helm; where there is none it is skipped and says how to get it. */
export function helmTest(title: string, body: (context: TestContext) => void | Promise<void>): void {
  test(title, async (context) => {
    if (helm === undefined) context.skip('helm is missing; `npm run cluster:setup` builds it, or install it: https://helm.sh/docs/intro/install')
    await body(context)
  })
}

/** Sets of values that together reach every branch of every template. */
export const valueSets: [string, Values][] = [
  ['nothing but defaults', {}],
  [
    'databases of the user',
    { 'store.existingSecret': 'warehouse', 'redis.existingSecret': 'shared-redis', 'networkPolicy.enabled': false, 'crds.install': false },
  ],
  ['no databases at all', { 'postgresql.enabled': false, 'redis.enabled': false }],
  ['a few namespaces, nothing cluster-wide', { watchNamespaces: ['etl'], 'crds.install': false, 'rbac.aggregateRoles': false }],
  ['roles and account made elsewhere', { 'rbac.create': false, 'serviceAccount.create': false, 'serviceAccount.name': 'mine' }],
  ['kept data', { 'postgresql.persistence.enabled': true, 'postgresql.persistence.storageClassName': 'fast', 'postgresql.password': 'known-to-all' }],
  [
    'everything there is',
    {
      'operator.replicas': 2,
      'operator.podLabels': { team: 'data' },
      'operator.podAnnotations': { note: 'x' },
      'operator.annotations': { note: 'y' },
      'operator.nodeSelector': { 'kubernetes.io/os': 'linux' },
      'operator.tolerations': [{ key: 'dedicated', operator: 'Exists' }],
      'operator.affinity': { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      'operator.topologySpreadConstraints': [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
      'operator.priorityClassName': 'system-cluster-critical',
      'operator.extraEnv': [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.crt' }],
      'operator.extraVolumes': [{ name: 'ca', configMap: { name: 'ca' } }],
      'operator.extraVolumeMounts': [{ name: 'ca', mountPath: '/etc/ca' }],
      'image.digest': `sha256:${'a'.repeat(64)}`,
      'worker.image': 'registry.example/headgate-with-plugins:1',
      imagePullSecrets: [{ name: 'registry' }],
      commonLabels: { owner: 'platform' },
      'serviceAccount.annotations': { note: 'z' },
      'networkPolicy.metricsFrom': [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
      'networkPolicy.egress': [{ ports: [{ port: 6443 }] }],
      'metrics.serviceMonitor.enabled': true,
      'metrics.prometheusRule.enabled': true,
      'metrics.prometheusRule.additionalRules': [{ alert: 'Mine', expr: 'vector(1)' }],
      'metrics.dashboard.enabled': true,
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra', namespace: '{{ .Release.Namespace }}' } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-text", namespace: "{{ .Release.Namespace }}"}',
      ],
    },
  ],
]
