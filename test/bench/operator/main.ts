// npm run bench:operator: the operator as a process against a real kube-apiserver on loopback; Jobs are completed by a stub.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { createClient } from '../../../operator/kubernetes/client.ts'
import { startApiServer } from '../../cluster/api-server.ts'
import { builtPrograms } from '../../cluster/location.ts'
import { describeMachine } from '../machine.ts'
import { documentIn, withSection } from '../section.ts'
import { installCrds, seedFinishedRuns, seedPipelines } from './feed.ts'
import { JobStub } from './job-stub.ts'
import { type Figures, measureOperator } from './measure.ts'
import { readOptions } from './options.ts'
import { markdown } from './report.ts'
import { RunWatch } from './run-watch.ts'

const project = join(import.meta.dirname, '../../..')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
const tell = (line: string) => process.stderr.write(`${line}\n`)

try {
  await bench()
} catch (error) {
  tell((error as Error).message)
  process.exitCode = 1
}

async function bench(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const programs = builtPrograms()
  if (programs === undefined) throw new Error('no kube-apiserver is built here; npm run cluster:setup builds one (about 5 minutes, needs Go)')
  tell('starting etcd and kube-apiserver')
  const server = await startApiServer(programs)
  try {
    const figures = await measureOn(server.kubeconfigPath, options)
    const text = markdown({ figures, options, date: new Date(), machine: describeMachine({ Kubernetes: 'kube-apiserver 1.34 and etcd, on loopback' }) })
    process.stdout.write(`\n${text}`)
    if (options.output !== undefined) writeFileSync(options.output, withSection(documentIn(options.output), 'operator', text))
  } finally {
    await server.stop()
  }
}

async function measureOn(kubeconfigPath: string, options: ReturnType<typeof readOptions>): Promise<Figures> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfigPath)
  const client = createClient(config, { userAgent: 'headgate-bench' })
  try {
    await installCrds(client, join(project, 'crds/generated'))
    await seedPipelines(client, options.pipelines)
    tell(`creating ${options.finished} finished runs`)
    await seedFinishedRuns(client, options)
    const runs = new RunWatch(client, stop.signal)
    const jobs = new JobStub(client, stop.signal)
    return await measureOperator({ client, runs, jobs, options, kubeconfigPath, project, tell, signal: stop.signal })
  } finally {
    stop.abort(new Error('the benchmark is over'))
    await client.close()
  }
}
