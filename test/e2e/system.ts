// Headgate on a cluster as its users have it: installed by Helm from charts/headgate, used by kubectl and the headgate command.
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import type { TestCluster } from '../support/kubernetes.ts'
import type { ProgramResult } from '../support/kubernetes-programs.ts'
import { until } from './until.ts'

export const project = join(import.meta.dirname, '..', '..')
export const chart = join(project, 'charts', 'headgate')

/** Values of the chart. */
export type Values = { [name: string]: unknown }

export type ClusterObject = { apiVersion: string; kind: string; metadata: { name: string }; [field: string]: unknown }

// kubectl finds the command as a plugin here.
process.env.PATH = `${join(project, 'bin')}:${process.env.PATH}`

/** A release named headgate in a namespace of its own, not yet installed. */
export class System {
  readonly cluster: TestCluster
  readonly namespace: string

  constructor(cluster: TestCluster & { namespace: string }) {
    this.cluster = cluster
    this.namespace = cluster.namespace
    // Before the namespace goes, so that nothing cluster-wide stays. The definitions do, as they would for a user.
    afterAll(() => this.helm('uninstall', 'headgate', '--ignore-not-found'))
  }

  /** Definitions that an earlier release has left behind, or that a suite without a chart has made, are taken over. */
  async install(values: Values = {}): Promise<void> {
    await this.release('install', '--take-ownership', values)
  }

  /** With one more value, as a user would set it. */
  async upgrade(values: Values): Promise<void> {
    await this.release('upgrade', '--reuse-values', values)
  }

  private async release(verb: 'install' | 'upgrade', option: string, values: Values): Promise<void> {
    const images = Object.entries(await this.images()).flatMap(([name, value]) => ['--set-string', `${name}=${value}`])
    const args = [verb, 'headgate', chart, option, '--wait', '--timeout=180s', '--values=-', ...images, '--namespace', this.namespace]
    must(await this.cluster.helm(args, JSON.stringify(values)))
    if ((values.postgresql as Values | undefined)?.enabled === false) return
    // Workers wait by themselves for the operator to admit their role; tests that make tables first cannot.
    await until(async () => (await this.sql('SELECT 1 FROM headgate.tenant').catch(() => '')) || undefined, { what: 'the store', seconds: 120 })
  }

  kubectl(...args: string[]): Promise<ProgramResult> {
    return this.cluster.kubectl(['--namespace', this.namespace, ...args])
  }

  helm(...args: string[]): Promise<ProgramResult> {
    return this.cluster.helm([...args, '--namespace', this.namespace])
  }

  /** As kubectl's plugin. */
  headgate(...args: string[]): Promise<ProgramResult> {
    return this.cluster.kubectl(['headgate', ...args, '--namespace', this.namespace])
  }

  async apply(...objects: ClusterObject[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    must(await this.cluster.kubectl(['apply', '--filename', '-', '--namespace', this.namespace], list))
  }

  /** What the chart's PostgreSQL returns to the role of workers here, a line for each row and | between columns. */
  async sql(query: string): Promise<string> {
    const role = `headgate_${this.namespace.replaceAll('-', '_')}`
    const psql = ['psql', `--username=${role}`, '--dbname=headgate', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', `--command=${query}`]
    return must(await this.kubectl('exec', 'statefulset/headgate-postgresql', '--', ...psql)).trim()
  }

  async run(name: string): Promise<PipelineRun | undefined> {
    return (await this.find('headgate.dev/v1alpha1', 'PipelineRun', name)) as PipelineRun | undefined
  }

  async find(apiVersion: string, kind: string, name: string): Promise<object | undefined> {
    try {
      return await this.cluster.client.read({ apiVersion, kind, metadata: { name, namespace: this.namespace } })
    } catch (error) {
      if ((error as { code?: number }).code === 404) return undefined
      throw error
    }
  }

  async names(kind: string, selector = ''): Promise<string[]> {
    const { stdout } = await this.kubectl('get', kind, '--output=name', `--selector=${selector}`)
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** The run once `holds` is true of it. */
  async runWhen(name: string, what: string, seconds: number, holds: (run: PipelineRun) => boolean): Promise<PipelineRun> {
    let last: PipelineRun | undefined
    return await until(
      async () => {
        last = await this.run(name)
        return last !== undefined && holds(last) ? last : undefined
      },
      { what: () => `run ${name} to be ${what}; it is ${JSON.stringify(last?.status)}`, seconds },
    )
  }

  ended(name: string, seconds = 120): Promise<PipelineRun> {
    return this.runWhen(name, 'over', seconds, (run) => succeeded(run)?.status === 'True' || succeeded(run)?.status === 'False')
  }

  /** A node lists its images some seconds after it has them; `awaited` is the last that it got. */
  async #imagesOfNodes(awaited: string): Promise<string[]> {
    const list = async () => (await this.cluster.kubectl(['get', 'nodes', '--output=jsonpath={.items[*].status.images[*].names[*]}'])).stdout.split(' ')
    if (!this.cluster.canBuildImages) return await list()
    const complete = async () => {
      const images = await list()
      return images.some((name) => name === awaited || name.endsWith(`/${awaited}`)) ? images : undefined
    }
    return await until(complete, { what: `the node to list ${awaited}`, seconds: 90 })
  }

  /** What the chart would run is here under other names on a cluster without a registry. */
  private async images(): Promise<Record<string, string>> {
    const image = await this.cluster.projectImage()
    const [, repository = '', tag = ''] = /^(.*):([^:/]+)$/.exec(image) ?? []
    const listed = await this.#imagesOfNodes(image)
    const present = (name: string) => listed.flatMap((image) => new RegExp(`^docker\\.io/library/${name}:(.+)$`).exec(image)?.[1] ?? [])[0]
    const [postgresql, redis] = [present('postgres'), present('redis')]
    return {
      'image.repository': repository,
      'image.tag': tag,
      ...(postgresql && { 'postgresql.image.tag': postgresql }),
      ...(redis && { 'redis.image.tag': redis }),
    }
  }
}

export function succeeded(run: PipelineRun) {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded')
}

/** Standard output; throws if the program failed. */
export function must({ code, stdout, stderr }: ProgramResult): string {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}${stdout}`)
  return stdout
}
