// A feed that takes a while: four files on a volume of the node, what a run of it must load, and the pipeline. Used by suites that
// disturb a run half way.
import { type ClusterObject, must, type System } from './system.ts'

/** Under the kubelet's folder, which goes with a cluster that is there for tests only. */
const nodeFolder = (namespace: string) => `/var/lib/kubelet/headgate-e2e/${namespace}`

const files = 4
const perFile = 200_000
/** The last file repeats the first keys with other amounts: the later record wins, in any order of loading. */
const repeated = 20_000
/** One record in so many has a negative amount. */
const badEvery = 10_007

export const feedRecords = files * perFile + repeated

/** Runs in a pod. Rows follow from their key, so that PostgreSQL can say what they must be. */
const writer = `
const { writeFileSync, mkdirSync, chmodSync } = require('node:fs')
const row = (id, more, bad) => id + ',name ' + (id % 1000) + ',' + (bad ? '-1.00' : (((id * 7919) % 1000003 + more) / 100).toFixed(2)) + '\\n'
mkdirSync('/node/feed', { recursive: true })
for (let file = 0; file < ${files}; file++) {
  const rows = ['id,name,amount\\n']
  for (let id = file * ${perFile}; id < (file + 1) * ${perFile}; id++) rows.push(row(id, 0, id % ${badEvery} === 5))
  if (file === ${files - 1}) for (let id = 0; id < ${repeated}; id++) rows.push(row(id, 100, false))
  writeFileSync('/node/feed/part-' + file + '.csv', rows.join(''))
}
mkdirSync('/node/postgresql', { recursive: true })
chmodSync('/node/postgresql', 0o777) // the kubelet gives no folder of the node to a pod's group
`

const expected = `SELECT id, 'name ' || id % 1000 AS name, ((id * 7919) % 1000003 + CASE WHEN id < ${repeated} THEN 100 ELSE 0 END)::numeric / 100 AS amount
  FROM generate_series(0, ${files * perFile - 1}::bigint) id WHERE id < ${repeated} OR id % ${badEvery} <> 5`

const checksum = `count(*) || ' rows, ' || sum(hashtextextended(concat_ws('|', id, name, amount::numeric(12, 2)), 0))`

/** Number of rows and checksum that a table has. */
export function checksumOf(system: System, table: string): Promise<string> {
  return system.sql(`SELECT ${checksum} FROM ${table}`)
}

export function expectedChecksum(system: System): Promise<string> {
  return system.sql(`SELECT ${checksum} FROM (${expected}) AS expected`)
}

/** Writes the files and makes the claim `feed`, and a volume for the chart's PostgreSQL, class `headgate-e2e`. */
export async function makeVolumes(system: System): Promise<void> {
  const { namespace } = system
  await system.apply(writerPod(await system.cluster.projectImage(), namespace))
  must(await system.kubectl('wait', 'pod/feed-writer', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=120s'))
  await system.apply(
    ...['feed', 'postgresql'].map((name) => volume(namespace, name)),
    claim('feed', `${namespace}-feed`),
    claim('data-headgate-postgresql-0', `${namespace}-postgresql`),
  )
}

/** Settings of a release whose PostgreSQL outlives its pod. */
export const keptPostgresql = { postgresql: { persistence: { enabled: true, storageClassName: 'headgate-e2e' } } }

export async function deleteVolumes(system: System): Promise<void> {
  await system.cluster.kubectl(['delete', 'persistentvolume', `${system.namespace}-feed`, `${system.namespace}-postgresql`, '--wait=false'])
}

export function tableOf(pipeline: string): string {
  return `feed.${pipeline.replaceAll('-', '_')}`
}

/** With its key from the start, so that each batch shows at once: a table that the run itself made would show at its end. */
export async function makeTable(system: System, pipeline: string): Promise<void> {
  await system.sql(`CREATE SCHEMA IF NOT EXISTS feed; CREATE TABLE ${tableOf(pipeline)} (id bigint PRIMARY KEY, name text, amount numeric(12, 2))`)
}

/** Loads the feed into a table of its own. */
export function feedPipeline(name: string, spec: object = {}): ClusterObject {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name },
    spec: {
      source: { files: { paths: ['feed/*.csv'], volume: { persistentVolumeClaim: { claimName: 'feed' } } } },
      format: { csv: {} },
      schema: {
        primaryKey: ['id'],
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'name', type: 'text' },
          { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0 },
        ],
      },
      destination: { postgres: { table: tableOf(name), mode: 'Upsert', createTable: true } },
      workers: 4,
      batchSize: 1000,
      ...spec,
    },
  }
}

function writerPod(image: string, namespace: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'feed-writer' },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 0 },
      containers: [
        { name: 'writer', image, imagePullPolicy: 'IfNotPresent', command: ['node', '-e', writer], volumeMounts: [{ name: 'node', mountPath: '/node' }] },
      ],
      volumes: [{ name: 'node', hostPath: { path: nodeFolder(namespace), type: 'DirectoryOrCreate' } }],
    },
  }
}

const capacity = { storage: '1Gi' }

function volume(namespace: string, name: string): ClusterObject {
  const path = name === 'feed' ? nodeFolder(namespace) : `${nodeFolder(namespace)}/${name}`
  const spec = { capacity, accessModes: ['ReadWriteOnce'], storageClassName: 'headgate-e2e', persistentVolumeReclaimPolicy: 'Retain', hostPath: { path } }
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `${namespace}-${name}` }, spec }
}

function claim(name: string, volumeName: string): ClusterObject {
  const spec = { volumeName, accessModes: ['ReadWriteOnce'], storageClassName: 'headgate-e2e', resources: { requests: capacity } }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec }
}
