import { expect, test } from 'vitest'
import { endedPod, podFixture } from '../../testing/cached.ts'
import { firstProblem, problemOf } from './waiting.ts'

test.each([
  ['ErrImagePull', 'not found', 'ImagePull', 'cannot be pulled (ErrImagePull: not found)'],
  ['ImagePullBackOff', 'Back-off pulling image', 'ImagePull', 'cannot be pulled; correct'],
  ['InvalidImageName', 'couldn’t parse', 'ImagePull', 'cannot be pulled (InvalidImageName: couldn’t parse)'],
  ['CreateContainerConfigError', 'secret "headgate-store" not found', 'MissingSecret', 'under the key url'],
  ['CreateContainerConfigError', 'couldn’t find key url in Secret sales/headgate-store', 'MissingSecret', 'create the Secret'],
  ['CreateContainerConfigError', 'configmap "x" not found', 'ContainerConfig', 'create what is missing'],
  ['CreateContainerError', 'no command', 'ContainerStart', 'an image that contains Headgate'],
  ['RunContainerError', 'exec', 'ContainerStart', 'RunContainerError: exec'],
  ['StartError', 'exec', 'ContainerStart', 'StartError: exec'],
])('A container that waits for %s: %s', (reason, message, expected, says) => {
  const problem = problemOf(podFixture({ waiting: { reason, message } }))
  expect(problem).toMatchObject({ reason: expected, message: expect.stringContaining(says) })
})

test('An unschedulable pod', () => {
  expect(problemOf(podFixture({ unschedulable: '0/3 nodes are available' }))?.message).toBe(
    'worker 0 waits: no node can run the pod (0/3 nodes are available); lower spec.resources, change spec.pod, or add a node',
  )
})

test.each([
  ['a pod that is being created', podFixture({ waiting: { reason: 'ContainerCreating', message: '' } })],
  ['a running pod', podFixture({ phase: 'Running' })],
  ['a pod that has ended', endedPod(1)],
  ['a pod that is being deleted', podFixture({ deleting: true, waiting: { reason: 'ErrImagePull', message: '' } })],
])('%s has no problem', (_, pod) => {
  expect(problemOf(pod)).toBeUndefined()
})

test('The problem of the worker with the lowest index is reported', () => {
  const waiting = { reason: 'ErrImagePull', message: '' }
  expect(firstProblem([podFixture({ index: 2, waiting }), podFixture({ index: 1, waiting }), podFixture()])?.message).toMatch(/^worker 1 waits/)
})
