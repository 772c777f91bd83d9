// publishRun: makes a run's staged rows visible, in the run's last transaction. Called through PostgresLoader.
import { HeadgateError, type LoadCounts, type Publication, type PublishCounts, type RunContext, type Transaction } from '../../../../sdk/index.ts'
import { analyze, readTable } from '../introspect.ts'
import { merge } from '../merge/merge.ts'
import { display, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { publishBuild } from './build.ts'
import { insertAll } from './insert-all.ts'
import { checkRemoval, countPresent } from './removal.ts'
import { removeMissing } from './snapshot.ts'

export type PublishOptions = Publication & { plan: LoadPlan }

/** PublishCounts that say how many rows were removed: deleted or marked by Snapshot, or not in the table that Replace publishes. */
export type Published = Required<Pick<PublishCounts, 'removed'>> & LoadCounts

const nothing: Published = { loaded: 0, unchanged: 0, superseded: 0, removed: 0 }

export async function publishRun(run: RunContext, tx: Transaction, options: PublishOptions): Promise<Published> {
  const { plan } = options
  const { staging } = plan
  // Without statistics, plans for a table that was just filled would be poor until autovacuum runs.
  if (plan.route === 'stage' && plan.empty) await analyze(tx, plan.destination)
  if (staging === null) return nothing
  if ((await readTable(tx, staging)) === undefined) {
    throw new HeadgateError('StagingMissing', `${display(staging)}, which held the rows of run ${run.name}, is gone; start a new run`)
  }
  await tx.query(`SELECT set_config('work_mem', '128MB', true), set_config('maintenance_work_mem', '256MB', true)`)
  if (plan.route === 'build' && (plan.mode === 'Replace' || (await readTable(tx, plan.destination)) === undefined)) {
    return publishBuild(run, tx, options, staging)
  }
  const counts = await publishStaged(run, tx, options, staging)
  await tx.query(`DROP TABLE ${relation(staging)}`)
  return counts
}

async function publishStaged(run: RunContext, tx: Transaction, options: PublishOptions, staging: TableName): Promise<Published> {
  const { plan } = options
  if (plan.mode === 'Append') {
    await insertAll(tx, plan, staging)
    return nothing
  }
  await analyze(tx, staging)
  const present = plan.mode === 'Snapshot' ? await countPresent(tx, plan) : 0
  const counts = await merge(tx, run, plan, {
    source: relation(staging),
    mayRepeatKeys: true,
    lookUp: false,
    keyHashes: false,
    exhaustive: false,
    rewriteUnchanged: options.olderRunOpen,
  })
  const removed = plan.mode === 'Snapshot' ? await removeMissing(run, tx, options, staging) : 0
  checkRemoval({ removed, present }, options)
  return { loaded: -counts.unchanged - counts.superseded, unchanged: counts.unchanged, superseded: counts.superseded, removed }
}
