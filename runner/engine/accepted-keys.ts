// Closes quarantine entries whose key a batch has loaded. Called by commitBatch.
import type { Schema } from '../../crds/fields.ts'
import type { Transaction } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import { type AcceptedKey, stageKeys } from '../../store/accepted-keys.ts'
import type { KeyColumn } from '../../store/key-form.ts'
import { hasOpenKeys, supersedeByBatch } from '../../store/supersede.ts'
import type { DestinationKeys, LoadedRows } from '../loaders/capabilities.ts'
import { columnType } from '../records/column-type.ts'
import type { Assembly } from './assembly.ts'
import type { Commit } from './commit.ts'
import type { PreparedBatch } from './prepared-batch.ts'

/** The loader's DestinationKeys, or the schema's primary key if the loader does not implement `acceptedKeys`. */
export type RunKeys = DestinationKeys & {
  /** Whether the keys of accepted records must be read from the records, because no relation of the loader holds them. */
  byRecords: boolean
}

export function runKeys({ loader, transforms }: Assembly, plan: unknown): RunKeys {
  // A plugin built with an older SDK does not have this method.
  const own: DestinationKeys | undefined = loader.acceptedKeys?.(plan)
  return own === undefined ? { columns: declaredKey(transforms.schema), byRecords: true } : { ...own, byRecords: false }
}

function declaredKey({ primaryKey = [], fields }: Schema): KeyColumn[] {
  return primaryKey.flatMap((name) => fields.filter((field) => field.name === name).map((field) => ({ name, type: columnType(field) })))
}

/** Whether the pipeline may have an entry that one of the batch's rows closes before the run is published. */
export async function mayClose({ run, keys }: Commit, transaction: Transaction, { rows, records, rejected }: PreparedBatch): Promise<boolean> {
  if (keys.columns.length === 0 || (keys.batch === undefined && !keys.byRecords) || (rows?.size ?? records.length) === 0) return false
  return rejected.some(({ key }) => key !== undefined) || hasOpenKeys(transaction, run.pipeline)
}

/**
 * Closes entries whose key the batch has loaded. For a batch that was copied directly into the destination, the finish step closes them.
 * Returns the hashes of the keys if the finish step needs them.
 */
export async function closeByBatch(commit: Commit, transaction: Transaction, batch: PreparedBatch, loaded: LoadedRows): Promise<Buffer | null> {
  const { run, keys } = commit
  const accepted = { pipeline: run.pipeline, run: run.id, columns: keys.columns }
  if (keys.byRecords) {
    const staged = await stageRecords(commit, transaction, batch)
    if (staged !== undefined && (await mayClose(commit, transaction, batch))) await supersedeByBatch(transaction, { ...accepted, relation: staged.relation })
    return staged?.hashes ?? null
  }
  if (keys.batch === undefined || loaded.copiedDirectly === true || !(await mayClose(commit, transaction, batch))) return null
  await supersedeByBatch(transaction, { ...accepted, relation: keys.batch.name })
  return null
}

async function stageRecords({ run, keys }: Commit, transaction: Transaction, { records }: PreparedBatch): ReturnType<typeof stageKeys> {
  if (keys.columns.length === 0) return undefined
  const accepted = records.flatMap(({ input, order, record }): AcceptedKey[] => {
    const values = keys.columns.map(({ name }) => record[name])
    // A transformer may have removed the key.
    if (values.some((value) => value === null || value === undefined)) return []
    return [{ values: values.map(String), pos: recordOrder(input, order) }]
  })
  return accepted.length === 0 ? undefined : stageKeys(transaction, run.id, keys.columns, accepted)
}
