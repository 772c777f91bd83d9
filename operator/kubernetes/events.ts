// Kubernetes Events: what `kubectl describe` tells. Sending never fails and never waits for the caller.
import type { KubeClient } from './client.ts'
import type { Clock } from './clock.ts'
import type { Report } from './hooks.ts'
import type { ObjectReference } from './objects.ts'

export type EventContent = {
  type: 'Normal' | 'Warning'
  /** A stable word in CamelCase: why. */
  reason: string
  /** For people; cut to 1024 characters. No secrets. */
  message: string
  /** A stable word in CamelCase: what was done or tried. */
  action: string
}

export type EventOptions = { client: Pick<KubeClient, 'create' | 'patch'>; instance: string; report: Report; clock?: Clock }

export class EventRecorder {
  constructor(_options: EventOptions) {}

  /** Notes that something happened to an object. The same again within minutes raises the count of the first. */
  event(_object: ObjectReference, _content: EventContent): void {}

  /** Sends what waits, then nothing more. */
  async stop(): Promise<void> {}
}
