import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../../../crds/pipeline.ts'
import type { RunSnapshot } from '../../../../crds/wire/snapshot.ts'
import { noLimits } from '../../../testing/limits.ts'
import { specFixture } from '../../testing/objects.ts'
import { runJob } from './job.ts'

function jobFor(spec: Partial<PipelineSpec> = {}, limits = noLimits) {
  const snapshot: RunSnapshot = {
    name: 'orders-1',
    namespace: 'sales',
    uid: 'run-uid',
    pipeline: { apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'orders', namespace: 'sales' }, spec: specFixture(spec) },
    params: {},
    createdAt: '2026-03-01T00:00:00Z',
  }
  return runJob({ snapshot, text: '', hash: 'abc123' }, { workerImage: 'headgate:1', limits })
}

function podFor(spec: Partial<PipelineSpec> = {}) {
  const template = jobFor(spec).spec?.template
  const container = template?.spec?.containers[0]
  if (template?.spec === undefined || container === undefined) throw new Error('no container')
  return { ...template, spec: template.spec, container }
}

test('The Job is named after its run, which owns it', () => {
  expect(jobFor().metadata).toEqual({
    name: 'orders-1',
    namespace: 'sales',
    labels: {
      'app.kubernetes.io/managed-by': 'headgate',
      'app.kubernetes.io/component': 'worker',
      'headgate.dev/pipeline': 'orders',
      'headgate.dev/run': 'orders-1',
    },
    annotations: { 'headgate.dev/start-deadline-ms': '600000' },
    ownerReferences: [
      { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', name: 'orders-1', uid: 'run-uid', controller: true, blockOwnerDeletion: true },
    ],
  })
})

test('One successful worker completes the Job; final exit codes fail it; disruptions do not count', () => {
  const { successPolicy, podFailurePolicy, completionMode, podReplacementPolicy, backoffLimitPerIndex } = jobFor().spec ?? {}
  expect({ completionMode, podReplacementPolicy, backoffLimitPerIndex }).toEqual({
    completionMode: 'Indexed',
    podReplacementPolicy: 'Failed',
    backoffLimitPerIndex: 3,
  })
  expect(successPolicy).toEqual({ rules: [{ succeededCount: 1 }] })
  const values = [64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79]
  expect(podFailurePolicy?.rules).toEqual([
    { action: 'FailJob', onExitCodes: { containerName: 'worker', operator: 'In', values } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ])
})

test.each([
  [{ workers: 4 }, { completions: 4, parallelism: 4, maxFailedIndexes: 4 }],
  [{}, { completions: 1, parallelism: 1, maxFailedIndexes: 1 }],
  [{ timeout: '2h' }, { activeDeadlineSeconds: 7200 }],
])('%j becomes %j', (spec, expected) => {
  expect(jobFor(spec).spec).toMatchObject(expected)
})

test('A run without a timeout has no deadline', () => {
  expect(jobFor().spec).not.toHaveProperty('activeDeadlineSeconds')
})

test('The worker runs without privileges, with a read-only root file system and without a token', () => {
  const { spec, container } = podFor()
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  })
  expect(container).toMatchObject({
    image: 'headgate:1',
    command: ['node', 'dist/runner/main.js'],
    workingDir: '/app',
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  })
  expect(container).not.toHaveProperty('resources')
})

test('The worker gets its configuration from environment variables', () => {
  expect(podFor().container.env).toEqual([
    { name: 'HEADGATE_SNAPSHOT', value: '/etc/headgate/run/run.json' },
    { name: 'HEADGATE_SNAPSHOT_SHA256', value: 'abc123' },
    { name: 'HEADGATE_FOLDER', value: '/data' },
    { name: 'HEADGATE_WORKER', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'HEADGATE_STORE_URL', valueFrom: { secretKeyRef: { name: 'headgate-store', key: 'url' } } },
    { name: 'HEADGATE_REDIS_URL', valueFrom: { secretKeyRef: { name: 'headgate-redis', key: 'url', optional: true } } },
  ])
})

test('The Pipeline can name other Secrets for store and Redis', () => {
  const postgres = { table: 'sales.orders', secretRef: { name: 'warehouse' } }
  const { container } = podFor({ destination: { postgres }, redis: { secretRef: { name: 'cache' } } })
  const names = container.env?.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? [])
  expect(names).toEqual(['warehouse', 'cache'])
})

test('Each secret of a plugin is a variable, under the name that the worker reads', () => {
  const secrets = [{ name: 'partner-api', key: 'client.secret' }]
  const plugin = { module: 'feeds', secrets }
  const { container } = podFor({ source: { plugin }, validators: [{ plugin }] })
  const env = container.env?.filter(({ name }) => name.startsWith('HEADGATE_SECRET'))
  expect(env).toEqual([{ name: 'HEADGATE_SECRET_PARTNER_API_CLIENT_SECRET', valueFrom: { secretKeyRef: secrets[0] } }])
})

test.each([
  [undefined, undefined],
  [{ persistentVolumeClaim: { claimName: 'feeds' } }, { name: 'data', persistentVolumeClaim: { claimName: 'feeds' } }],
  [{ configMap: { name: 'files' } }, { name: 'data', configMap: { name: 'files' } }],
])('The volume %j is mounted read-only', (volume, expected) => {
  const { spec, container } = podFor({ source: { files: { paths: ['a.csv'], ...(volume && { volume }) } } })
  expect(spec.volumes?.map(({ name }) => name)).toEqual(['snapshot', 'tmp', ...(expected === undefined ? [] : ['data'])])
  expect(spec.volumes?.[0]).toEqual({ name: 'snapshot', configMap: { name: 'orders-1-snapshot' } })
  expect(spec.volumes?.[2]).toEqual(expected)
  if (expected !== undefined) expect(container.volumeMounts?.[2]).toEqual({ name: 'data', mountPath: '/data', readOnly: true })
})

test('The pod has the settings of spec.pod, which cannot override Headgate’s labels', () => {
  const pod = {
    image: 'mine:2',
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'etl', operator: 'Exists' as const }],
    labels: { team: 'data', 'headgate.dev/run': 'other' },
    annotations: { note: 'x' },
  }
  const { metadata, spec, container } = podFor({ pod, resources: { requests: { cpu: 1, memory: '512Mi' }, limits: { memory: '1Gi' } } })
  expect(metadata).toMatchObject({ labels: { team: 'data', 'headgate.dev/run': 'orders-1' }, annotations: { note: 'x' } })
  expect(spec).toMatchObject({ imagePullSecrets: [{ name: 'registry' }], nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'etl', operator: 'Exists' }] })
  expect(container).toMatchObject({ image: 'mine:2', resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } } })
})
