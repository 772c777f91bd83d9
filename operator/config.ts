// The operator's configuration from environment variables. Read by main.ts.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { durationMilliseconds } from '../crds/durations.ts'
import { amountOf } from '../crds/quantity.ts'
import { HeadgateError } from '../sdk/errors.ts'
import type { Limits } from './limits.ts'

export type OperatorConfig = {
  /** Worker image for Pipelines without `spec.pod.image`. */
  workerImage: string
  /** The operator's own namespace, where its lease is. */
  namespace: string
  /** Namespaces to watch; empty: all. */
  watchNamespaces: string[]
  /** Maximum number of active runs. */
  maxActiveRuns: number
  /** Limits for the pipelines of all namespaces. */
  limits: Limits
  /** How long the Job of a finished run and the logs of its pods are kept. */
  jobTtlMs: number
  storeUrl: string | undefined
  /** File that names the tenants to admit to the store; see store-upkeep.ts. */
  tenantsFile: string | undefined
  redisUrl: string | undefined
  metricsPort: number
  podName: string
  /** Unique per process. */
  identity: string
  leaseName: string
  /** Duration of the leader lease without renewal, after which another operator takes over. */
  leaseMs: number
  /** Address of the API server in a pod; undefined outside a cluster, where a kubeconfig is used. */
  apiServer: { host: string; port: string } | undefined
  logLevel: string
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Throws HeadgateError InvalidConfig that names what is missing or wrong. */
export function operatorConfig(environment: NodeJS.ProcessEnv = process.env): OperatorConfig {
  const text = (name: string) => (environment[name] === '' ? undefined : environment[name])
  const podName = text('HEADGATE_POD_NAME') ?? hostname()
  return {
    workerImage: required(text, 'HEADGATE_WORKER_IMAGE'),
    namespace: required(text, 'HEADGATE_NAMESPACE'),
    watchNamespaces: list(text, 'HEADGATE_WATCH_NAMESPACES'),
    maxActiveRuns: wholeNumber(text, 'HEADGATE_MAX_ACTIVE_RUNS', 100, [1, 100_000]),
    limits: limitsOf(text),
    jobTtlMs: duration(text, 'HEADGATE_JOB_TTL', '24h'),
    storeUrl: text('HEADGATE_STORE_URL'),
    tenantsFile: text('HEADGATE_TENANTS_FILE'),
    redisUrl: text('HEADGATE_REDIS_URL'),
    metricsPort: wholeNumber(text, 'HEADGATE_METRICS_PORT', 8080, [0, 65_535]),
    podName,
    identity: `${podName}-${randomBytes(4).toString('hex')}`,
    leaseName: text('HEADGATE_LEASE_NAME') ?? 'headgate-operator',
    leaseMs: duration(text, 'HEADGATE_LEASE_DURATION', '15s', 1000),
    apiServer: apiServerOf(text),
    logLevel: oneOf(text, 'HEADGATE_LOG_LEVEL', 'info', logLevels),
  }
}

type Text = (name: string) => string | undefined

function limitsOf(text: Text): Limits {
  const optional = <Value>(name: string, read: () => Value) => (text(name) === undefined ? undefined : read())
  const period = (name: string) => optional(name, () => duration(text, name, '', 1000))
  const count = (name: string, most: number) => optional(name, () => wholeNumber(text, name, 1, [1, most]))
  const inImage = oneOf(text, 'HEADGATE_PLUGIN_MODULES', 'Any', ['Any', 'Image']) === 'Image'
  return {
    timeoutMs: period('HEADGATE_MAX_TIMEOUT'),
    startDeadlineMs: period('HEADGATE_MAX_START_DEADLINE'),
    workers: count('HEADGATE_MAX_WORKERS', 256),
    cpu: quantity(text, 'HEADGATE_MAX_CPU', 'none'),
    memory: quantity(text, 'HEADGATE_MAX_MEMORY', 'none'),
    defaultMemory: quantity(text, 'HEADGATE_WORKER_MEMORY', '1Gi'),
    tmpSize: quantity(text, 'HEADGATE_WORKER_TMP_SIZE', '1Gi'),
    pluginFolder: inImage ? absolutePath(text, 'HEADGATE_PLUGIN_FOLDER', '/app') : undefined,
    images: list(text, 'HEADGATE_ALLOWED_IMAGES'),
    runsPerNamespace: count('HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE', 100_000),
  }
}

function list(text: Text, name: string): string[] {
  const items = (text(name) ?? '').split(',').map((item) => item.trim())
  return items.filter((item) => item !== '')
}

/** A Kubernetes quantity; undefined for `none`. */
function quantity(text: Text, name: string, otherwise: string): string | undefined {
  const value = text(name) ?? otherwise
  if (value === 'none') return undefined
  if ((amountOf(value) ?? 0) > 0) return value
  throw new HeadgateError('InvalidConfig', `${name} is "${value}"; write an amount such as 500m, 2 or 1Gi, or none`)
}

function absolutePath(text: Text, name: string, otherwise: string): string {
  const value = text(name) ?? otherwise
  if (/^\/[^:]*$/.test(value) && value !== '/') return value
  throw new HeadgateError('InvalidConfig', `${name} is "${value}"; write the path of a folder of the image, such as /app`)
}

function apiServerOf(text: Text): OperatorConfig['apiServer'] {
  const host = text('KUBERNETES_SERVICE_HOST')
  const port = text('KUBERNETES_SERVICE_PORT')
  return text('KUBECONFIG') !== undefined || host === undefined || port === undefined ? undefined : { host, port }
}

function required(text: Text, name: string): string {
  const value = text(name)
  if (value === undefined) throw new HeadgateError('InvalidConfig', `${name} is not set; set it in the environment of the operator`)
  return value
}

function wholeNumber(text: Text, name: string, otherwise: number, [least, most]: [number, number]): number {
  const value = text(name)
  if (value === undefined) return otherwise
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new HeadgateError('InvalidConfig', `${name} is "${value}"; write a whole number from ${least} to ${most}`)
}

function duration(text: Text, name: string, otherwise: string, leastMs = 0): number {
  const value = text(name) ?? otherwise
  const milliseconds = readDuration(name, value)
  if (milliseconds >= leastMs) return milliseconds
  throw new HeadgateError('InvalidConfig', `${name} is "${value}"; write at least ${leastMs / 1000}s`)
}

function readDuration(name: string, value: string): number {
  try {
    return durationMilliseconds(value)
  } catch (error) {
    throw new HeadgateError('InvalidConfig', `${name}: ${(error as Error).message}`, { cause: error })
  }
}

function oneOf(text: Text, name: string, otherwise: string, allowed: readonly string[]): string {
  const value = text(name) ?? otherwise
  if (allowed.includes(value)) return value
  throw new HeadgateError('InvalidConfig', `${name} is "${value}"; write one of ${allowed.join(', ')}`)
}
