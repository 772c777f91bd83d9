// A process that only writes ConfigMaps while it leads; lease.cluster.test.ts freezes and resumes it.
// Arguments: kubeconfig, namespace, identity. Prints what happens on standard output.
import { setTimeout as pause } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { isNotLeading } from '../api-error.ts'
import { createClient } from '../client.ts'
import { guarded } from '../guarded.ts'
import { LeaderElection } from '../lease.ts'
import { configMaps } from '../resources.ts'

const [path = '', namespace = '', identity = ''] = process.argv.slice(2)
const tell = (what: string) => void process.stdout.write(`${what}\n`)
const kubeConfig = new KubeConfig()
kubeConfig.loadFromFile(path)
const client = createClient(kubeConfig)
const timing = { leaseMs: 3000, renewDeadlineMs: 2000, retryMs: 300 }
const report = () => undefined
const election = new LeaderElection({ client, namespace, name: 'candidates', identity, report, ...timing })
const safe = guarded(client, election)

/** Keeps writing regardless of the signal, like an active reconcile; only the guarded client prevents the writes. */
async function write(): Promise<void> {
  for (let count = 0; ; count++) {
    try {
      await safe.create(configMaps, { metadata: { generateName: 'write-', name: '', namespace }, data: { identity, count: String(count) } })
      if (count === 0) tell('wrote')
    } catch (error) {
      if (isNotLeading(error)) return tell('refused')
      tell(`failed ${String(error)}`)
    }
    await pause(20)
  }
}

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const onStarted = () => {
  tell('started')
  void write()
}
await election.run({ onStarted, onStopped: () => tell('stopped') }, stop.signal)
await client.close()
