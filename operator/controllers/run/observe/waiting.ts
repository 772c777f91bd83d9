// Explains why a pod is not running, and what to do about it: a list of checks, the most certain first. Called by decide.ts.
import { defaults } from '../../../../crds/defaults.ts'
import type { CachedPod } from '../../../cache/pods.ts'
import type { ConditionText } from '../status.ts'
import { isRunning } from '../workers.ts'

/** `vague`: the pod only reports a backoff, so keep an earlier, more specific message with the same reason. */
export type Problem = ConditionText & { vague?: boolean }

type Check = (pod: CachedPod) => Problem | undefined

const imageReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'RegistryUnavailable', 'ImageInspectError'])
const startReasons = new Set(['CreateContainerError', 'RunContainerError', 'StartError', 'ContainerCannotRun', 'PreStartHookError', 'PostStartHookError'])

const checks: readonly Check[] = [
  ({ waiting, image }) => {
    if (waiting === undefined || !imageReasons.has(waiting.reason)) return undefined
    const vague = waiting.reason === 'ImagePullBackOff'
    const detail = vague || waiting.message === '' ? '' : ` (${waiting.reason}: ${waiting.message})`
    const advice = 'correct spec.pod.image of the Pipeline or the operator’s HEADGATE_WORKER_IMAGE, or give spec.pod.imagePullSecrets'
    return { reason: 'ImagePull', message: `image ${image} cannot be pulled${detail}; ${advice}`, vague }
  },
  ({ waiting }) => {
    if (waiting?.reason !== 'CreateContainerConfigError') return undefined
    if (!/secret/i.test(waiting.message)) return { reason: 'ContainerConfig', message: `${waiting.message}; create what is missing` }
    return {
      reason: 'MissingSecret',
      message: `${waiting.message}; create the Secret in the run’s namespace, with the address under the key ${defaults.secretKey}`,
    }
  },
  ({ waiting, image }) => {
    if (waiting === undefined || !startReasons.has(waiting.reason)) return undefined
    return {
      reason: 'ContainerStart',
      message: `image ${image} cannot be started (${waiting.reason}: ${waiting.message}); use an image that contains Headgate`,
    }
  },
  ({ unschedulable }) => {
    if (unschedulable === undefined) return undefined
    return { reason: 'Unschedulable', message: `no node can run the pod (${unschedulable}); lower spec.resources, change spec.pod, or add a node` }
  },
]

/** What keeps a pod from running, if its status gives the reason. */
export function problemOf(pod: CachedPod): Problem | undefined {
  if (pod.deleting || pod.ended !== undefined || (pod.phase === 'Running' && pod.waiting === undefined)) return undefined
  for (const check of checks) {
    const problem = check(pod)
    if (problem !== undefined) return { ...problem, message: `worker ${pod.index} waits: ${problem.message}` }
  }
  return undefined
}

/** The problem of the worker with the lowest index that has one. */
export function firstProblem(pods: readonly CachedPod[]): Problem | undefined {
  for (const pod of pods.toSorted((one, other) => one.index - other.index)) {
    const problem = problemOf(pod)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Whether the container of the pod has ever started. */
export function hasBegun(pod: CachedPod): boolean {
  return pod.ended !== undefined || pod.phase === 'Succeeded' || pod.phase === 'Failed' || isRunning(pod)
}
