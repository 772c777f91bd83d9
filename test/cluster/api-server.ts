// A kube-apiserver with its etcd and, optionally, a few controllers. There is no kubelet, so pods exist only as objects. For suites and
// benchmarks of the control plane: listens on free ports of 127.0.0.1, and stores all files in its own folder.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../cli/embedded/process.ts'
import { type Program, startProgram } from './program.ts'

export type ApiServer = {
  /** The administrator's. */
  kubeconfigPath: string
  /** Process ids do not matter to callers, logs do: `etcd.log`, `kube-apiserver.log`, `kube-controller-manager.log`. */
  folder: string
  /** Real Job, CronJob, garbage, namespace and TTL controllers. Install CRDs first: the garbage collector looks for new kinds every 30 s only. */
  startControllers(): Promise<void>
  /** Kills kube-apiserver and etcd like a crash. Stored objects are kept. */
  crash(): Promise<void>
  /** Restarts them after a crash, at the same address. Resolves when they are ready. */
  resume(): Promise<void>
  /** Ends the programs and removes the folder. */
  stop(): Promise<void>
}

const ATTEMPTS = 3
const MILLISECONDS_TO_START = 60_000
const CONTROLLERS = [
  'cronjob-controller',
  'job-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'ttl-after-finished-controller',
]

/** `programs` is the folder with `etcd`, `kube-apiserver` and `kube-controller-manager`. */
export async function startApiServer(programs: string): Promise<ApiServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(programs)
    } catch (error) {
      // Another process may have taken one of the free ports since.
      if (attempt === ATTEMPTS) throw error
    }
  }
}

async function start(programs: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-api-'))
  const running = new Map<string, Program>()
  const run = (name: string, args: string[]) => {
    const program = startProgram(join(programs, name), args, join(folder, `${name}.log`))
    running.set(name, program)
    return program
  }
  const stop = async () => {
    for (const program of [...running.values()].reverse()) await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const crash = async () => {
    for (const name of ['kube-apiserver', 'etcd']) await running.get(name)?.kill()
  }
  const startControllers = async () => run('kube-controller-manager', controllerArguments(folder)).assertRunning()
  try {
    const { kubeconfigPath, resume } = await startServers(folder, run)
    return { kubeconfigPath, folder, stop, crash, resume, startControllers }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startServers(folder: string, run: (name: string, args: string[]) => Program): Promise<Pick<ApiServer, 'kubeconfigPath' | 'resume'>> {
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
  const token = randomBytes(24).toString('hex')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(join(folder, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 })
  await writeFile(join(folder, 'accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(join(folder, 'accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  const authority = join(folder, 'apiserver.crt')
  const resume = async () => {
    const programs = [run('etcd', etcdArguments(folder, client, peer)), run('kube-apiserver', serverArguments(folder, client, secure))]
    await untilReady(programs, `https://127.0.0.1:${secure}/readyz`, authority, token)
  }
  await resume()
  const kubeconfigPath = join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, kubeconfig(`https://127.0.0.1:${secure}`, readFileSync(authority), token), { mode: 0o600 })
  return { kubeconfigPath, resume }
}

/** The data is temporary, so nothing needs to be synced to disk. */
function etcdArguments(folder: string, client: number, peer: number): string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
  const urls = ['--listen-client-urls', clients, '--advertise-client-urls', clients, '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers]
  return ['--name', 'test', '--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn', '--initial-cluster', `test=${peers}`, ...urls]
}

/** Without the ServiceAccount plugin a pod may be made in a namespace whose default account no controller has made yet. */
function serverArguments(folder: string, etcd: number, port: number): string[] {
  const accounts = ['--service-account-issuer', 'https://kubernetes.default.svc.cluster.local']
  accounts.push('--service-account-key-file', join(folder, 'accounts.pub'), '--service-account-signing-key-file', join(folder, 'accounts.key'))
  return [
    ...['--etcd-servers', `http://127.0.0.1:${etcd}`, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--cert-dir', folder, '--token-auth-file', join(folder, 'tokens.csv'), '--authorization-mode', 'RBAC'],
    ...['--service-cluster-ip-range', '10.96.0.0/16', '--endpoint-reconciler-type', 'none', '--disable-admission-plugins', 'ServiceAccount'],
    ...accounts,
  ]
}

function controllerArguments(folder: string): string[] {
  const limits = ['--kube-api-qps', '500', '--kube-api-burst', '1000']
  const kubeconfigPath = join(folder, 'kubeconfig')
  return ['--kubeconfig', kubeconfigPath, '--controllers', CONTROLLERS.join(','), '--leader-elect=false', '--secure-port', '0', ...limits]
}

async function untilReady(programs: Program[], url: string, authority: string, token: string): Promise<void> {
  const deadline = performance.now() + MILLISECONDS_TO_START
  while (!(existsSync(authority) && (await answers(url, authority, token)))) {
    for (const program of programs) program.assertRunning()
    if (performance.now() > deadline) throw new Error(`kube-apiserver was not ready within ${MILLISECONDS_TO_START / 1000} s`)
    await sleep(50)
  }
}

function answers(url: string, authority: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { ca: readFileSync(authority), headers: { authorization: `Bearer ${token}` }, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

/** JSON is valid YAML. */
function kubeconfig(server: string, authority: Buffer, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority.toString('base64') } }],
    users: [{ name: 'admin', user: { token } }],
  })
}
