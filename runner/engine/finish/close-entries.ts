// closeEntries: closes quarantine entries that a later accepted record of the run supersedes. Called by the finish step.
import type { Transaction } from '../../../sdk/index.ts'
import { recordOrder } from '../../../sdk/record-order.ts'
import { batchesWithKeys, type KeyKind } from '../../../store/ledger.ts'
import { type DestinationRows, hasOpenKeys, type OpenKey, openKeys, supersede, supersedeByDestination, supersedeByTable } from '../../../store/supersede.ts'
import type { Work } from '../work.ts'
import { KeyTable } from './key-table.ts'

/**
 * Closes the entries that no batch could close: those superseded by staged rows, because the gate might still have rejected the run; those
 * superseded by rows copied directly into the destination; and those rejected after another slice had loaded the later record.
 */
export async function closeEntries({ commit: { run, keys } }: Work, transaction: Transaction): Promise<void> {
  if (keys.columns.length === 0 || !(await hasOpenKeys(transaction, run.pipeline))) return
  const accepted = { pipeline: run.pipeline, run: run.id, columns: keys.columns }
  if (keys.run !== undefined) {
    const { schema, name } = keys.run
    await supersedeByTable(transaction, { ...accepted, ...(schema !== undefined && { schema }), relation: name })
  } else if (keys.destination !== undefined) {
    const { schema = 'public', name } = keys.destination
    await supersedeByDestination(transaction, { ...accepted, schema, table: name })
    // An accepted record whose row was unchanged leaves no trace in that row; its key's hash is in the ledger.
    await closeByLedger(transaction, accepted, 'unchanged')
  } else await closeByLedger(transaction, accepted, 'accepted')
}

type Accepted = Pick<DestinationRows, 'pipeline' | 'run' | 'columns'>

async function closeByLedger(transaction: Transaction, accepted: Accepted, kind: KeyKind): Promise<void> {
  const open = Map.groupBy(await openKeys(transaction, accepted), ({ hash }) => hash)
  if (open.size === 0) return
  const hashes = new KeyTable(open.size, Uint8Array)
  for (const hash of open.keys()) hashes.set(Number(hash >> 32n), Number(hash & 0xffffffffn), 1)
  const closed = new Map<number, OpenKey>()
  for await (const { input, firstOrder, keys } of batchesWithKeys(transaction, accepted.run, kind)) {
    const place = recordOrder(input, firstOrder)
    for (const entry of entriesWithKey(keys, hashes, open)) if (entry.pos < place) closed.set(entry.id, entry)
  }
  await supersede(transaction, accepted.run, [...closed.values()])
}

/** Yields the entries whose key is in `keys`. `hashes` contains the keys of `open`: a BigInt for each of millions of keys would be slow. */
function* entriesWithKey(keys: Buffer, hashes: KeyTable, open: ReadonlyMap<bigint, OpenKey[]>): Iterable<OpenKey> {
  for (let at = 0; at < keys.length; at += 8) {
    if (hashes.get(keys.readUInt32BE(at), keys.readUInt32BE(at + 4)) !== 0) yield* open.get(keys.readBigUInt64BE(at)) ?? []
  }
}
