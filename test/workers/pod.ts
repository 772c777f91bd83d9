// Runs of a small slow pipeline by worker processes as the Job of a PipelineRun starts them.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { afterAll, expect } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { RunSnapshot } from '../../crds/wire/snapshot.ts'
import type { WorkerReport } from '../../crds/wire/worker-report.ts'
import { faultsInBooks } from '../support/outcome.ts'
import type { WorkerSettings } from './process.ts'

export type EndedPod = { code: number | null; signal: NodeJS.Signals | null; log: string; report: WorkerReport | undefined }
export type Pod = { name: string; processId: number; signal(signal: NodeJS.Signals): void; ended: Promise<EndedPod>; log(): string }

export const files = 4
export const recordsPerFile = 600
const batchSize = 50

export type Site = { url: string; client: pg.Client; redisUrl?: string | undefined }

let runs = 0

/** One PipelineRun: its snapshot, its folder of files, its table, which takes `pauseSeconds` for each batch. */
export class ClusterRun {
  readonly name: string
  readonly table: string
  readonly snapshot: RunSnapshot
  /** Holds the files that its pods load. */
  readonly folder = mkdtempSync(join(tmpdir(), 'headgate-pod-'))
  readonly #site: Site
  readonly #pods: Pod[] = []

  constructor(site: Site, change: (spec: PipelineSpec) => void = () => {}) {
    const name = `orders-${++runs}`
    this.#site = site
    this.name = `sales/${name}`
    this.table = `orders_${runs}`
    const spec = specFor(this.table)
    change(spec)
    const pipeline = { apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline' as const, metadata: { name: 'orders', namespace: 'sales' }, spec }
    this.snapshot = {
      name,
      namespace: 'sales',
      uid: `uid-of-${name}`,
      pipeline,
      params: { region: 'north' },
      createdAt: '2026-03-01T00:00:00Z',
      cancelToken: `token-of-${name}`,
    }
    for (let file = 0; file < files; file++) writeFileSync(join(this.folder, `part-${file}.csv`), csv(file))
    afterAll(() => this.#end())
  }

  async createTable(pauseSeconds: number): Promise<void> {
    await this.#site.client.query(`
      CREATE TABLE ${this.table} (id bigint NOT NULL, name text, _run bigint, _pos bigint);
      CREATE FUNCTION ${this.table}_pause() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(${pauseSeconds}); RETURN NULL; END';
      CREATE TRIGGER pause AFTER INSERT ON ${this.table} EXECUTE FUNCTION ${this.table}_pause()`)
  }

  /** `firstProcess`: see `asFirstProcess`. */
  start(change: Partial<WorkerSettings['config']> = {}, { firstProcess = false, ...more }: Partial<WorkerSettings> & { firstProcess?: boolean } = {}): Pod {
    const name = `${this.snapshot.name}-${this.#pods.length}`
    const pod = startPod({ ...this.#settings(name, change), ...more }, firstProcess)
    this.#pods.push(pod)
    return pod
  }

  /** Batches committed so far. */
  async batches(): Promise<number> {
    const { rows } = await this.#site.client.query('SELECT count(*)::int AS count FROM headgate.batch JOIN headgate.run ON run.id = run WHERE run.name = $1', [
      this.name,
    ])
    return rows[0].count as number
  }

  async atBatch(count: number): Promise<void> {
    await expect.poll(() => this.batches(), { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(count)
  }

  /** Slices in the hands of a pod. */
  async held(pod: Pod): Promise<number[]> {
    const { rows } = await this.#site.client.query(
      `SELECT ordinal FROM headgate.slice JOIN headgate.run ON run.id = run WHERE run.name = $1 AND slice.state = 'leased' AND split_part(worker, '/', 1) = $2`,
      [this.name, pod.name],
    )
    return rows.map(({ ordinal }) => ordinal as number)
  }

  /** How often each slice was claimed. */
  async epochs(): Promise<number[]> {
    const { rows } = await this.#site.client.query('SELECT epoch FROM headgate.slice JOIN headgate.run ON run.id = run WHERE run.name = $1 ORDER BY ordinal', [
      this.name,
    ])
    return rows.map(({ epoch }) => epoch as number)
  }

  /** Puts a file beside the input. */
  write(name: string, content: string): void {
    const file = join(this.folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  async row(): Promise<Record<string, unknown> | undefined> {
    const { rows } = await this.#site.client.query('SELECT * FROM headgate.run WHERE name = $1', [this.name])
    return rows[0]
  }

  /** Every record is there once, and the books say so. */
  async expectComplete(): Promise<void> {
    const { rows } = await this.#site.client.query(`SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM ${this.table}`)
    const records = files * recordsPerFile
    expect(rows).toEqual([{ rows: records, ids: records }])
    expect(await this.row()).toMatchObject({ state: 'Succeeded', read: String(records), loaded: String(records) })
    expect(await faultsInBooks(this.#site.client)).toEqual([])
  }

  #settings(name: string, change: Partial<WorkerSettings['config']>): WorkerSettings {
    const snapshotFile = join(this.folder, 'run.json')
    writeFileSync(snapshotFile, JSON.stringify(this.snapshot))
    const { url: storeUrl, redisUrl } = this.#site
    const config = {
      mode: 'cluster' as const,
      storeUrl,
      redisUrl,
      snapshotFile,
      folder: this.folder,
      worker: name,
      reportFile: join(this.folder, name),
      ...change,
    }
    return { config, leaseMilliseconds: redisUrl === undefined ? 1500 : 600_000, redis: { beatMilliseconds: 200, leaseMilliseconds: 1500 } }
  }

  async #end(): Promise<void> {
    for (const pod of this.#pods) {
      pod.signal('SIGKILL')
      await pod.ended
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** In a namespace of process ids of its own, as in a container. */
export const asFirstProcess = ['unshare', '--pid', '--fork', '--kill-child']

function startPod(settings: WorkerSettings, firstProcess: boolean): Pod {
  const [program, ...before] = firstProcess ? [...asFirstProcess, process.execPath] : [process.execPath]
  const child = spawn(program as string, [...before, join(import.meta.dirname, 'process.ts'), JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  const { reportFile, worker } = settings.config
  const ended = new Promise<EndedPod>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as WorkerReport) : undefined
      resolve({ code, signal, log, report })
    })
  })
  return { name: worker, processId: child.pid as number, signal: (signal) => void child.kill(signal), ended, log: () => log }
}

function specFor(table: string): PipelineSpec {
  return {
    source: { files: { paths: ['part-*.csv'], commitPerFile: true } },
    format: { csv: {} },
    schema: {
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'text' },
      ],
    },
    // A batch that is committed twice shows.
    destination: { postgres: { table, mode: 'Append' } },
    workers: 1,
    batchSize,
    retry: { limit: 20, backoff: { initial: '50ms', max: '500ms' } },
  }
}

function csv(file: number): string {
  return `id,name\n${Array.from({ length: recordsPerFile }, (_, record) => `${file * recordsPerFile + record},name ${record}\n`).join('')}`
}
