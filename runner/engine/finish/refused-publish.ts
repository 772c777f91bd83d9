// finishWithoutRefused: finishes a run; if the destination refuses staged rows, quarantines their records and publishes the rest. Called by
// the worker that holds the finish slice.
import { HeadgateError, type RecordError, type Transaction } from '../../../sdk/index.ts'
import { noCounts } from '../../../store/counts.ts'
import { type BatchPlace, batchPlaces, recordBatch } from '../../../store/ledger.ts'
import { quarantineRecords } from '../../../store/quarantine.ts'
import { DestinationRefusal } from '../../../store/refusal.ts'
import { checkOrder, lockDestination } from '../../../store/run-order.ts'
import { advanceSlice, type ClaimedSlice, findSlice } from '../../../store/slices.ts'
import { type StagedLoading, type StagedRefusal, stages } from '../../loaders/capabilities.ts'
import { retrying } from '../../retry.ts'
import { lockRunning, originOf } from '../commit.ts'
import { evidence } from '../refused.ts'
import type { Work } from '../work.ts'
import { finishRun, publishingOf } from './finish.ts'

/** More than one search, because other sessions may change the destination between a search and the next attempt to publish. */
const maxSearches = 3

/** Throws the errors of finishRun, and DestinationRefused if no single record is the cause or more are refused than `maxRefusedRatio` allows. */
export async function finishWithoutRefused(work: Work, claim: ClaimedSlice): Promise<void> {
  for (let search = 1; ; search++) {
    try {
      return await retrying(work.retries, () => work.session.transaction((transaction) => finishRun(work, transaction, claim)))
    } catch (error) {
      if (!(error instanceof DestinationRefusal) || search > maxSearches) throw error
      let found = 0
      await retrying(work.retries, () => rejectRefused(work, claim, (count) => (found += count)))
      if (found === 0) throw error
    }
  }
}

/** The loader and the plan of rows that are not published yet. */
type Staged = { loader: StagedLoading<unknown>; plan: unknown }

/**
 * Finds the staged rows that the destination refuses, in a transaction that is rolled back. Then moves their records to the quarantine, one
 * batch of the run per transaction. After an interruption, another call finds the remaining rows.
 */
async function rejectRefused(work: Work, claim: ClaimedSlice, onFound: (count: number) => void): Promise<void> {
  const { loader, plan } = work.commit
  if (!stages(loader)) return
  const staged = { loader, plan }
  const places = await batchPlaces(work.session, work.run.id)
  const refused = await work.session.dryRun((transaction) => search(work, staged, transaction, claim, places))
  onFound(refused.length)
  for (const { place, rows } of byPlace(places, refused)) await rejectRows(work, staged, claim, place, rows)
}

async function search(
  work: Work,
  { loader, plan }: Staged,
  transaction: Transaction,
  claim: ClaimedSlice,
  places: readonly BatchPlace[],
): Promise<StagedRefusal[]> {
  const held = await lockDestination(transaction, work.run, publishingOf(work.commit).lock)
  await lockRunning(transaction, claim)
  await checkOrder(transaction, work.run, held)
  const rows = places.reduce((sum, { loaded }) => sum + loaded, 0)
  return loader.findRefused(work.context, transaction, { plan, stretches: places, rows })
}

/** Groups the refused rows by batch. Rows and places are in source order. */
function byPlace(places: readonly BatchPlace[], refused: readonly StagedRefusal[]): { place: BatchPlace; rows: StagedRefusal[] }[] {
  let next = 0
  return places.flatMap((place) => {
    const first = next
    while (next < refused.length && BigInt(refused[next]?.order as string) <= BigInt(place.last)) next++
    return next === first ? [] : [{ place, rows: refused.slice(first, next) }]
  })
}

async function rejectRows(work: Work, { loader, plan }: Staged, claim: ClaimedSlice, place: BatchPlace, rows: readonly StagedRefusal[]): Promise<void> {
  const slice = await findSlice(work.session, work.run.id, place.slice)
  if (slice === undefined) throw new HeadgateError('Internal', `run ${work.run.name} has no slice ${place.slice}`)
  const errors = new Map<bigint, RecordError[]>(rows.map(({ order, error }) => [BigInt(order), [error]]))
  const rejected = await evidence(work.source, slice, { from: place.from, last: BigInt(place.last) }, errors)
  await work.session.transaction(async (transaction) => {
    await lockDestination(transaction, work.run, 'shared')
    const { batches } = await lockRunning(transaction, claim)
    const dropped = await loader.dropRefused(transaction, plan, rows)
    await quarantineRecords(transaction, originOf(work.commit, { ordinal: place.slice, slice }), rejected)
    await recordBatch(transaction, {
      run: work.run.id,
      slice: claim.ordinal,
      ordinal: batches,
      epoch: claim.epoch,
      input: claim.slice.input,
      counts: { ...noCounts, derived: rows.length - dropped, loaded: -dropped, quarantined: rows.length },
    })
    await advanceSlice(transaction, claim, { records: 0, done: false })
  })
}
