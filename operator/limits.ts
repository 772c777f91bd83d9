// Limits set by the administrator for the pipelines of all namespaces: a Pipeline that exceeds a limit is refused, and a Pipeline without a
// value gets the limit as its value. config.ts reads the limits; the controllers apply them.
import { runSettings } from '../crds/defaults.ts'
import { durationMilliseconds, shortDuration } from '../crds/durations.ts'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { isInImage, modulesOf } from '../crds/plugin-modules.ts'
import { amountOf } from '../crds/quantity.ts'

export type Limits = {
  /** Also the timeout of Pipelines that declare none. */
  timeoutMs: number | undefined
  /** Also the start deadline of Pipelines that declare none, if it is shorter than the default. */
  startDeadlineMs: number | undefined
  workers: number | undefined
  /** Kubernetes quantities, per worker. */
  cpu: string | undefined
  memory: string | undefined
  /** Memory limit of workers whose Pipeline declares none; a Kubernetes quantity. */
  defaultMemory: string | undefined
  /** Size of a worker's /tmp; a Kubernetes quantity. */
  tmpSize: string | undefined
  /** Plugins must be packages of the image, or files below this folder of the image. Undefined: unrestricted. */
  pluginFolder: string | undefined
  /** Allowed prefixes of images that a Pipeline may name; empty: any image. */
  images: readonly string[]
  /** Maximum number of active runs per namespace. */
  runsPerNamespace: number | undefined
}

type Check = (spec: PipelineSpec, limits: Limits) => string | undefined

const checks: readonly Check[] = [
  ({ timeout }, { timeoutMs }) => tooLong('spec.timeout', timeout, timeoutMs, 'HEADGATE_MAX_TIMEOUT'),
  ({ startDeadline }, { startDeadlineMs }) => tooLong('spec.startDeadline', startDeadline, startDeadlineMs, 'HEADGATE_MAX_START_DEADLINE'),
  ({ workers }, limits) =>
    workers !== undefined && limits.workers !== undefined && workers > limits.workers
      ? `spec.workers is ${workers}, and at most ${limits.workers} are allowed (HEADGATE_MAX_WORKERS)`
      : undefined,
  ({ resources }, limits) => tooMuch('cpu', resources, limits.cpu, 'HEADGATE_MAX_CPU'),
  ({ resources }, limits) => tooMuch('memory', resources, limits.memory, 'HEADGATE_MAX_MEMORY'),
  ({ pod }, { images }) =>
    pod?.image !== undefined && images.length > 0 && !images.some((beginning) => beginsWith(pod.image as string, beginning))
      ? `spec.pod.image is ${pod.image}, and only images that begin with ${images.join(' or ')} are allowed (HEADGATE_ALLOWED_IMAGES)`
      : undefined,
  (spec, { pluginFolder }) => {
    const foreign = pluginFolder === undefined ? undefined : modulesOf(spec).find(({ module }) => !isInImage(module, pluginFolder))
    return (
      foreign && `${foreign.path} is ${foreign.module}, and only packages of the image and files below ${pluginFolder} are allowed (HEADGATE_PLUGIN_MODULES)`
    )
  },
]

/** The first limit that the Pipeline exceeds; undefined if none. */
export function limitProblem(spec: PipelineSpec, limits: Limits): string | undefined {
  for (const check of checks) {
    const problem = check(spec, limits)
    if (problem !== undefined) return `${problem}; change the Pipeline, or ask the administrator`
  }
  return undefined
}

export type JobSettings = { workers: number; startDeadlineMs: number; timeoutMs: number | undefined; resources: WorkerResources }

/** The settings of a run's Job with the limits applied. */
export function limitedSettings(spec: PipelineSpec, limits: Limits): JobSettings {
  const { workers, startDeadlineMilliseconds, timeoutMilliseconds } = runSettings(spec)
  return {
    workers,
    startDeadlineMs: Math.min(startDeadlineMilliseconds, limits.startDeadlineMs ?? Number.POSITIVE_INFINITY),
    timeoutMs: timeoutMilliseconds ?? limits.timeoutMs,
    resources: workerResources(spec, limits),
  }
}

type Amounts = { cpu?: string; memory?: string }
type WorkerResources = { requests?: Amounts; limits?: Amounts }

/** Requests of workers that get only a limit: the API server would default the request to the limit, which no node may have free. */
const defaultRequests = { cpu: '100m', memory: '256Mi' } as const

/** Resources per worker. Quantities are strings, because the API accepts numbers and strings but returns strings. */
function workerResources({ resources = {} }: Pick<PipelineSpec, 'resources'>, limits: Limits): WorkerResources {
  const [requests, most] = [asText(resources.requests), asText(resources.limits)]
  const memory = smaller(limits.defaultMemory ?? limits.memory, limits.memory)
  for (const [name, ours] of [['cpu', limits.cpu] as const, ['memory', memory] as const]) {
    if (ours === undefined || most[name] !== undefined) continue
    requests[name] ??= smaller(defaultRequests[name], ours) as string
    most[name] = larger(ours, requests[name])
  }
  return { ...(Object.keys(requests).length > 0 && { requests }), ...(Object.keys(most).length > 0 && { limits: most }) }
}

function asText(amounts: Record<string, string | number> | undefined): Amounts {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, String(amount)]))
}

function smaller(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return bytes(other) < bytes(one) ? other : one
}

function larger(one: string, other: string): string {
  return bytes(other) > bytes(one) ? other : one
}

function bytes(quantity: string): number {
  return amountOf(quantity) ?? Number.POSITIVE_INFINITY
}

function tooLong(path: string, asked: string | undefined, most: number | undefined, name: string): string | undefined {
  if (asked === undefined || most === undefined || durationMilliseconds(asked) <= most) return undefined
  return `${path} is ${asked}, and at most ${shortDuration(most)} is allowed (${name})`
}

function tooMuch(
  resource: 'cpu' | 'memory',
  { requests, limits }: NonNullable<PipelineSpec['resources']> = {},
  most: string | undefined,
  name: string,
): string | undefined {
  if (most === undefined) return undefined
  for (const [kind, amounts] of Object.entries({ limits, requests })) {
    const asked = amounts?.[resource]
    if (asked !== undefined && bytes(String(asked)) > bytes(most))
      return `spec.resources.${kind}.${resource} is ${asked}, and at most ${most} is allowed (${name})`
  }
  return undefined
}

/** Matches prefixes at boundaries of the image name only: registry.io matches neither registry.io2/etl nor registry.io:5000/etl. */
function beginsWith(image: string, beginning: string): boolean {
  return image === beginning || (image.startsWith(beginning) && (beginning.endsWith('/') || /^(?:[/]|[:@][^/]*$)/.test(image.slice(beginning.length))))
}
