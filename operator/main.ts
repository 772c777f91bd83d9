// The operator: watches Pipelines and PipelineRuns and reconciles them. Of several processes one leads and the others are on standby.
import { pino } from 'pino'
import { HeadgateError } from '../sdk/errors.ts'
import { createCaches, forward, startWatches } from './cache/caches.ts'
import { type OperatorConfig, operatorConfig } from './config.ts'
import { startHealth } from './health.ts'
import type { ClusterConfig } from './kubernetes/access.ts'
import { isNotLeading } from './kubernetes/api-error.ts'
import { createClient } from './kubernetes/client.ts'
import { aborted, systemClock as clock } from './kubernetes/clock.ts'
import { EventRecorder } from './kubernetes/events.ts'
import { guarded } from './kubernetes/guarded.ts'
import { inClusterConfig } from './kubernetes/in-cluster.ts'
import { LeaderElection } from './kubernetes/lease.ts'
import { createRegistry, machineryMetrics } from './metrics/controller.ts'
import { runMetrics } from './metrics/runs.ts'
import { openRedisProgress } from './progress-source.ts'
import { type OperatorStore, openStore } from './store.ts'
import { keepStore, type Prepared } from './store-upkeep.ts'
import { startTerm, type Term } from './term.ts'

const config = configured()
const log = pino({ level: config.logLevel, base: { pod: config.podName }, timestamp: pino.stdTimeFunctions.isoTime })
const stop = new AbortController()
/** Shorter than the termination grace period of the pod. */
const longestStopMs = 20_000
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping')
    stop.abort()
    setTimeout(giveUp, longestStopMs).unref()
  })
}
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'unexpected error')
  process.exit(1)
})

function giveUp(): never {
  log.warn('the shutdown did not complete in time; exiting')
  process.exit(1)
}

const report = (where: string, error: unknown) => log[isNotLeading(error) ? 'debug' : 'warn']({ where, err: error }, 'failed; will be retried')
await operate(config)

/** Prints in one line what is wrong with the environment, and exits. */
function configured(): OperatorConfig {
  try {
    return operatorConfig()
  } catch (error) {
    process.stderr.write(`${error instanceof HeadgateError ? `${error.code}: ${error.message}` : String(error)}\n`)
    process.exit(1)
  }
}

async function operate(config: OperatorConfig): Promise<void> {
  const { identity, namespace, leaseName, leaseMs, podName } = config
  const registry = createRegistry()
  const metrics = machineryMetrics(registry)
  const client = createClient(await clusterConfig(config), { metrics: metrics.client, clock, userAgent: 'headgate-operator' })
  const election = new LeaderElection({ client, namespace, name: leaseName, leaseMs, identity, report, clock, metrics: metrics.leadership })
  const writer = guarded(client, election)
  const events = new EventRecorder({ client: writer, instance: podName, report, clock })
  const counts = runMetrics(registry, () => election.stillLeading())
  const caches = createCaches()
  let term: Term | undefined
  const handlers = forward(() => [counts.handlers, term?.handlers])
  const watches = startWatches({ client, caches, handlers, report, namespaces: config.watchNamespaces })
  const health = await startHealth({ port: config.metricsPort, registry, notReady: () => watches.missing() })
  log.info({ port: health.port, namespaces: config.watchNamespaces }, 'watching')
  const { store, redis, sources } = backends(config)
  const onProgressAnswer = progressReports(counts.redisAnswered)
  const onStarted = async (signal: AbortSignal) => {
    log.info({ identity }, 'leading')
    await Promise.race([watches.synced, aborted(signal)])
    if (signal.aborted) return
    const parts = { client: writer, caches, events, settings: config, store, cancelSignal: redis, metrics, runMetrics: counts, report, clock }
    term = startTerm({ ...parts, progressSources: sources, onProgressAnswer, random: Math.random })
    await term.run(signal)
    term = undefined
  }
  void watches.synced.then(() => log.info({ runs: caches.runs.size, pipelines: caches.pipelines.size }, 'ready'))
  await election.run({ onStarted, onStopped: () => log.info({ identity }, 'no longer leading') }, stop.signal)
  await Promise.all([events.stop(), watches.stop(), health.close(), store?.close()])
  redis?.close()
  await client.close()
  log.info('stopped')
}

async function clusterConfig({ apiServer }: OperatorConfig): Promise<ClusterConfig> {
  if (apiServer !== undefined) return inClusterConfig(apiServer)
  const { KubeConfig } = await import('@kubernetes/client-node')
  const found = new KubeConfig()
  found.loadFromDefault()
  return found
}

function backends({ storeUrl, tenantsFile, redisUrl }: OperatorConfig) {
  const store = storeUrl === undefined ? undefined : openStore(storeUrl, (error) => report('store', error))
  const redis = redisUrl === undefined ? undefined : openRedisProgress(redisUrl)
  if (store !== undefined) upkeep(store, tenantsFile)
  const sources = [...(redis === undefined ? [] : [{ name: 'redis', source: redis }]), ...(store === undefined ? [] : [{ name: 'store', source: store }])]
  return { store, redis, sources }
}

/** Runs for the lifetime of the process. */
function upkeep(store: OperatorStore, tenantsFile: string | undefined): void {
  const onPrepared = ({ applied, admitted }: Prepared) => {
    if (applied.length > 0) log.info({ applied }, 'migrated the store')
    if (admitted.length > 0) log.info({ admitted }, 'admitted tenants to the store')
  }
  void keepStore({ store, tenantsFile, clock, onPrepared, report }, stop.signal)
}

/** Logs one line when a source becomes unavailable and one when it is available again. */
function progressReports(redisAnswered: (answered: boolean) => void): (source: string, error: unknown) => void {
  const away = new Set<string>()
  return (source, error) => {
    if (source === 'redis') redisAnswered(error === undefined)
    if (error === undefined && away.delete(source)) log.info({ source }, 'live progress is back')
    if (error === undefined || away.has(source)) return
    away.add(source)
    log.warn({ source, err: error }, 'no live progress from this source until it is back; runs go on')
  }
}
