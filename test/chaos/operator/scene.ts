// One namespace of a suite about an operator under faults: who watches, who plays, what is noted, and how it has to end.
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { hasEnded } from '../../../operator/cache/runs.ts'
import { type Stage, stageIn } from '../../../operator/controllers/testing/stage.ts'
import { createClient, type KubeClient } from '../../../operator/kubernetes/client.ts'
import { jobs, pipelineRuns, pipelines } from '../../../operator/kubernetes/resources.ts'
import { follow } from '../../support/follow.ts'
import { type Random, randomOf } from '../random.ts'
import { concurrencies, createPipelines, limits } from './feed.ts'
import { JobPlayer, workerSelector } from './job-player.ts'
import { JobWitness } from './job-witness.ts'
import { persist } from './persist.ts'
import { faultsAtEnd } from './verdict.ts'

export const seed = Number(process.env.HEADGATE_CHAOS_SEED ?? Date.now() % 1_000_000)

/** Only what hangs takes so long. */
const patienceSeconds = 120

export type Scene = {
  client: KubeClient
  namespace: string
  stage: Stage
  random: Random
  witness: JobWitness
  player: JobPlayer
  signal: AbortSignal
  log: (line: string) => void
  /** Waits for all runs to end, then says everything that is wrong. */
  verdict(): Promise<string[]>
  /** The error, with the seed and everything noted. */
  told(error: unknown): Error
  close(): Promise<void>
}

export async function openScene(kubeConfig: KubeConfig, namespace: string): Promise<Scene> {
  const over = new AbortController()
  const { signal } = over
  const client = createClient(kubeConfig)
  const stage = stageIn(client, namespace)
  const witness = new JobWitness(limits)
  const player = new JobPlayer({ client, namespace, random: randomOf(seed + 1), signal, longestWorkMs: 400, failures: 0.1 })
  const see = (seen: Parameters<JobPlayer['see']>[0]) => {
    witness.see(seen)
    player.see(seen)
  }
  await createPipelines(stage)
  const following = follow({ client, resource: jobs, namespace, labelSelector: workerSelector, see }, signal)
  const { log, told } = notes()
  return {
    ...{ client, namespace, stage, witness, player, signal, log, told },
    random: randomOf(seed),
    verdict: async () => {
      log('all runs are created, and disturbed no more')
      const waited = await settled(client, namespace, signal)
      log('all have ended')
      return [...waited, ...witness.faults, ...player.problems.map(String), ...(await faultsAtEnd(client, namespace, player.ends))]
    },
    close: async () => {
      over.abort()
      await client.close()
      await following
    },
  }
}

function notes() {
  const lines: string[] = []
  const began = performance.now()
  const log = (line: string) => void lines.push(`${Math.round(performance.now() - began)} ms: ${line}`)
  const told = (error: unknown) => new Error(`HEADGATE_CHAOS_SEED=${seed}\n${lines.join('\n')}\n${(error as Error).message}`, { cause: error })
  return { log, told }
}

/** Waits until all runs and pipelines are in their final state. Returns those that did not reach it. */
async function settled(client: KubeClient, namespace: string, signal: AbortSignal): Promise<string[]> {
  const end = performance.now() + patienceSeconds * 1000
  for (;;) {
    const runs = (await persist(() => client.list(pipelineRuns, { namespace }), signal))?.items ?? []
    const declared = (await persist(() => client.list(pipelines, { namespace }), signal))?.items ?? []
    const open = runs.filter((run) => !hasEnded(run)).map(({ metadata, status }) => `${metadata.name} is ${JSON.stringify(status)}`)
    const behind = declared.filter(({ status }) => status?.active !== 0 || status.queued !== 0)
    const waiting = [...open, ...behind.map(({ metadata, status }) => `Pipeline ${metadata.name} is ${JSON.stringify(status)}`)]
    if (waiting.length === 0 && declared.length >= concurrencies.size) return []
    if (performance.now() > end) return waiting
    await sleep(250)
  }
}
