// openTrial: prepares the table into which the search for refused rows loads staged rows: the destination as publishing would find it, or
// a table like the one that would replace it. The caller rolls the transaction back. Used by staged-refusals.ts.
import type { Transaction } from '../../../../sdk/index.ts'
import { findKey, readTable } from '../introspect.ts'
import { list, relation, type TableName } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { clearForNewRows, reasonForExchange } from './replace.ts'
import { addKeysAndIndexes, namesWhileStaged, readTraits } from './traits.ts'

export type Trial = {
  table: TableName
  /** Names of the destination's constraints and indexes, by those of the table; empty where they are the same. */
  names: ReadonlyMap<string, string>
  /** Whether rows can be looked up by the declared key. */
  keyed: boolean
}

export async function openTrial(tx: Transaction, plan: LoadPlan, staging: TableName): Promise<Trial> {
  const { destination, key } = plan
  const exists = (await readTable(tx, destination)) !== undefined
  if (exists && (plan.route !== 'build' || plan.mode !== 'Replace')) return trialOf(tx, plan, destination)
  if (exists && (await reasonForExchange(tx, destination, staging)) !== undefined) {
    await clearForNewRows(tx, plan, staging)
    return trialOf(tx, plan, destination)
  }
  const table = { schema: staging.schema, name: `trial_${staging.name}` }
  await tx.query(`CREATE TABLE ${relation(table)} (LIKE ${relation(staging)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)`)
  if (!exists) {
    if (key.length > 0) await tx.query(`ALTER TABLE ${relation(table)} ADD PRIMARY KEY (${list(key)})`)
    return trialOf(tx, plan, table)
  }
  const traits = await readTraits(tx, destination)
  await addKeysAndIndexes(tx, table, traits)
  return trialOf(tx, plan, table, namesWhileStaged(table, traits))
}

async function trialOf(tx: Transaction, plan: LoadPlan, table: TableName, names: ReadonlyMap<string, string> = new Map()): Promise<Trial> {
  const found = await readTable(tx, table)
  return { table, names, keyed: found !== undefined && findKey(found, plan.key) !== undefined }
}
