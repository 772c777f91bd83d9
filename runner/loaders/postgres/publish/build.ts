// publishBuild: puts a newly built table in the destination's place: removes duplicates, adds the key, renames. See docs/loading.md.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import { analyze, readTable } from '../introspect.ts'
import { withoutRepeats } from '../merge/repeats.ts'
import { list, quote, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import type { Published, PublishOptions } from './publish.ts'
import { replaceTable } from './replace.ts'

export async function publishBuild(run: RunContext, tx: Transaction, options: PublishOptions, staging: TableName): Promise<Published> {
  const { plan } = options
  const exists = (await readTable(tx, plan.destination)) !== undefined
  const { repeats, removed } = exists ? await replaceTable(run, tx, options, staging) : { repeats: await publishNew(tx, plan, staging), removed: 0 }
  return { loaded: 0 - repeats, unchanged: 0, superseded: repeats, removed }
}

/** Gives the table its key, its schema and its name. Returns how many duplicates were removed. */
async function publishNew(tx: Transaction, plan: LoadPlan, staging: TableName): Promise<number> {
  const { schema, name } = plan.destination
  let removed = 0
  if (plan.key.length > 0) {
    const add = `ALTER TABLE ${relation(staging)} ADD CONSTRAINT ${quote(await freeName(tx, schema, `${cut(name)}_pkey`))} PRIMARY KEY (${list(plan.key)})`
    removed = await withoutRepeats(tx, plan, staging, () => tx.query(add))
  }
  await tx.query(`ALTER TABLE ${relation(staging)} SET SCHEMA ${quote(schema)}`)
  if (staging.name !== name) await tx.query(`ALTER TABLE ${relation({ schema, name: staging.name })} RENAME TO ${quote(name)}`)
  await analyze(tx, plan.destination)
  return removed
}

/** A name of at most 58 bytes, so that a suffix still fits. */
function cut(name: string): string {
  let short = name
  while (Buffer.byteLength(short) > 58) short = [...short].slice(0, -1).join('')
  return short
}

async function freeName(tx: Transaction, schema: string, wanted: string): Promise<string> {
  const { rows } = await tx.query('SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2', [
    schema,
    wanted,
  ])
  if (rows.length === 0) return wanted
  return freeName(tx, schema, `${cut(wanted.slice(0, -5))}${rows.length}_pkey`)
}
