// What an administrator forbids the pipelines of all namespaces, and what workers get where a Pipeline says nothing: what a Pipeline asks
// for beyond the limits is refused; where it says nothing, the limit itself holds. config.ts reads the limits.
import { runSettings } from '../crds/defaults.ts'
import { durationMilliseconds, shortDuration } from '../crds/durations.ts'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { isInImage, modulesOf } from '../crds/plugin-modules.ts'
import { amountOf } from '../crds/quantity.ts'

export type Limits = {
  /** Milliseconds; a Pipeline without a timeout gets this one. */
  timeoutMs: number | undefined
  /** Milliseconds; a Pipeline without a start deadline gets this one if it is below the default. */
  startDeadlineMs: number | undefined
  workers: number | undefined
  /** Quantities, for each worker. */
  cpu: string | undefined
  memory: string | undefined
  /** Memory limit of workers whose Pipeline gives none; a quantity. */
  defaultMemory: string | undefined
  /** Size of a worker's /tmp; a quantity. */
  tmpSize: string | undefined
  /** Plugins must be packages of the image, or files below this folder of it. Undefined: anything. */
  pluginFolder: string | undefined
  /** Beginnings of images that a Pipeline may name; empty: any. */
  images: readonly string[]
  /** Runs of one namespace that may be at work at the same time. */
  runsPerNamespace: number | undefined
}

type Question = (spec: PipelineSpec, limits: Limits) => string | undefined

const questions: readonly Question[] = [
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

/** The first thing that the Pipeline asks for and may not have. */
export function limitProblem(spec: PipelineSpec, limits: Limits): string | undefined {
  for (const question of questions) {
    const problem = question(spec, limits)
    if (problem !== undefined) return `${problem}; change the Pipeline, or ask the administrator`
  }
  return undefined
}

export type JobSettings = { workers: number; startDeadlineMs: number; timeoutMs: number | undefined; resources: WorkerResources }

/** What a run gets, the limits applied. */
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

/** Promised where only a limit of ours holds: the API server would promise as much as the limit, which no node may have free. */
const promised = { cpu: '100m', memory: '256Mi' } as const

/** What each worker gets. Amounts as strings: the API takes both numbers and strings, and returns strings. */
function workerResources({ resources = {} }: Pick<PipelineSpec, 'resources'>, limits: Limits): WorkerResources {
  const [requests, most] = [asText(resources.requests), asText(resources.limits)]
  const memory = smaller(limits.defaultMemory ?? limits.memory, limits.memory)
  for (const [name, ours] of [['cpu', limits.cpu] as const, ['memory', memory] as const]) {
    if (ours === undefined || most[name] !== undefined) continue
    requests[name] ??= smaller(promised[name], ours) as string
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

/** A beginning ends where a part of the image's name does: registry.io is not that of registry.io2/etl or registry.io:5000/etl. */
function beginsWith(image: string, beginning: string): boolean {
  return image === beginning || (image.startsWith(beginning) && (beginning.endsWith('/') || /^(?:[/]|[:@][^/]*$)/.test(image.slice(beginning.length))))
}
