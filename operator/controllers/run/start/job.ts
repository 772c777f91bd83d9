// Builds the Job of a run: one pod per worker, and the policies that decide when the Job has ended. Pure. Called by objects.ts.
import { runSettings } from '../../../../crds/defaults.ts'
import { dataFolder, declaredKind } from '../../../../crds/kinds.ts'
import { secretsOf, secretVariable } from '../../../../crds/secrets.ts'
import { sourceKinds } from '../../../../crds/sources/registry.ts'
import { type RunSnapshot, snapshotName } from '../../../../crds/wire/snapshot.ts'
import { workerContainer, workerExitCodes } from '../../../../crds/wire/worker-report.ts'
import { startDeadlineAnnotation } from '../../../cache/jobs.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { type JobSettings, type Limits, limitedSettings } from '../../../limits.ts'
import type { ControllerSettings } from '../../controller.ts'
import { type Declaration, ownedBy, workerLabels } from '../snapshot.ts'

/** Number of restarts of a worker before its index counts as failed. */
const retriesPerWorker = 3

export function runJob({ snapshot, hash }: Declaration, { workerImage: image, limits }: Pick<ControllerSettings, 'workerImage' | 'limits'>): Job {
  const { workers, startDeadlineMs, timeoutMs, resources } = limitedSettings(snapshot.pipeline.spec, limits)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: snapshot.name,
      namespace: snapshot.namespace,
      labels: workerLabels(snapshot),
      annotations: { [startDeadlineAnnotation]: String(startDeadlineMs) },
      ownerReferences: [ownedBy(snapshot)],
    },
    spec: {
      completionMode: 'Indexed',
      completions: workers,
      parallelism: workers,
      backoffLimitPerIndex: retriesPerWorker,
      maxFailedIndexes: workers,
      podReplacementPolicy: 'Failed',
      // A worker exits with 0 only when the whole run has succeeded, so one is enough.
      successPolicy: { rules: [{ succeededCount: 1 }] },
      podFailurePolicy: { rules: failureRules() },
      ...(timeoutMs === undefined ? {} : { activeDeadlineSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)) }),
      template: workerPod(snapshot, { image, snapshotName: snapshotName(snapshot.name), snapshotHash: hash, limits, resources }),
    },
  }
}

function failureRules() {
  const { firstFinal, lastFinal } = workerExitCodes
  const final = Array.from({ length: lastFinal - firstFinal + 1 }, (_, index) => firstFinal + index)
  return [
    { action: 'FailJob', onExitCodes: { containerName: workerContainer, operator: 'In', values: final } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]
}

type PodTemplate = NonNullable<Job['spec']>['template']
type PodSpec = NonNullable<PodTemplate['spec']>
type Volume = NonNullable<PodSpec['volumes']>[number]
type Mount = NonNullable<PodSpec['containers'][number]['volumeMounts']>[number]

const folders = { snapshot: '/etc/headgate/run', data: dataFolder } as const
/** The user `headgate` of the image. */
const user = 65532

type Made = { image: string; snapshotName: string; snapshotHash: string; limits: Limits; resources: JobSettings['resources'] }

/** The pod of a worker, restricted to what a worker needs. */
function workerPod(snapshot: RunSnapshot, made: Made): PodTemplate {
  const { pod = {} } = snapshot.pipeline.spec
  const volumes = volumesOf(snapshot, made)
  return {
    metadata: {
      labels: { ...pod.labels, ...workerLabels(snapshot) },
      ...(pod.annotations === undefined ? {} : { annotations: pod.annotations }),
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsNonRoot: true, runAsUser: user, runAsGroup: user, seccompProfile: { type: 'RuntimeDefault' } },
      ...(pod.imagePullSecrets === undefined ? {} : { imagePullSecrets: pod.imagePullSecrets }),
      ...(pod.nodeSelector === undefined ? {} : { nodeSelector: pod.nodeSelector }),
      ...(pod.tolerations === undefined ? {} : { tolerations: pod.tolerations }),
      containers: [
        container(
          snapshot,
          made,
          volumes.map(({ mount }) => mount),
        ),
      ],
      volumes: volumes.map(({ volume }) => volume),
    },
  }
}

function container(snapshot: RunSnapshot, made: Made, volumeMounts: Mount[]): PodSpec['containers'][number] {
  const { pod } = snapshot.pipeline.spec
  return {
    name: workerContainer,
    image: pod?.image ?? made.image,
    command: ['node', 'dist/runner/main.js'],
    workingDir: '/app',
    env: environment(snapshot, made),
    ...(Object.keys(made.resources).length === 0 ? {} : { resources: made.resources }),
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts,
  }
}

function environment({ pipeline }: RunSnapshot, { snapshotHash, limits }: Made) {
  const { storeSecret, redisSecret } = runSettings(pipeline.spec)
  return [
    { name: 'HEADGATE_SNAPSHOT', value: `${folders.snapshot}/run.json` },
    { name: 'HEADGATE_SNAPSHOT_SHA256', value: snapshotHash },
    { name: 'HEADGATE_FOLDER', value: folders.data },
    ...(limits.pluginFolder === undefined ? [] : [{ name: 'HEADGATE_PLUGIN_FOLDER', value: limits.pluginFolder }]),
    { name: 'HEADGATE_WORKER', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'HEADGATE_STORE_URL', valueFrom: { secretKeyRef: storeSecret } },
    { name: 'HEADGATE_REDIS_URL', valueFrom: { secretKeyRef: { ...redisSecret, optional: true } } },
    ...secretsOf(pipeline.spec).map((secret) => ({ name: secretVariable(secret), valueFrom: { secretKeyRef: secret } })),
  ]
}

function volumesOf({ pipeline }: RunSnapshot, { snapshotName, limits: { tmpSize } }: Made): { volume: Volume; mount: Mount }[] {
  const always = [
    { volume: { name: 'snapshot', configMap: { name: snapshotName } }, mount: { name: 'snapshot', mountPath: folders.snapshot, readOnly: true } },
    { volume: { name: 'tmp', emptyDir: tmpSize === undefined ? {} : { sizeLimit: tmpSize } }, mount: { name: 'tmp', mountPath: '/tmp' } },
  ]
  const source = declaredKind(sourceKinds, pipeline.spec.source)
  const declared = source?.entry.volumes?.(source.config) ?? []
  return [...always, ...declared.map(({ name, volume, mountPath }) => ({ volume: { name, ...volume }, mount: { name, mountPath, readOnly: true } }))]
}
