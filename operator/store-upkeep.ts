// keepStore: keeps the operator's store migrated and its tenants admitted, also after the database was recreated. Called by main.ts.
import { readFileSync } from 'node:fs'
import { HeadgateError } from '../sdk/errors.ts'
import { type Clock, sleep } from './kubernetes/clock.ts'
import type { OperatorStore } from './store.ts'

/** A role that the chart created in its own PostgreSQL for the workers of a namespace. */
export type DeclaredTenant = { namespace: string; role: string; password: string }

/** Names of the migrations applied and of the roles admitted. */
export type Prepared = { applied: string[]; admitted: string[] }

const checkMs = 20_000
const longestPauseMs = 60_000

export type Upkeep = {
  store: Pick<OperatorStore, 'prepare'>
  /** JSON list of DeclaredTenants; read each time, because it changes when the release is upgraded. */
  tenantsFile: string | undefined
  clock: Clock
  onPrepared: (prepared: Prepared) => void
  report: (where: string, error: unknown) => void
}

/** Checks the store repeatedly until the signal is aborted. The operator does not wait for this; workers wait for the migration themselves. */
export async function keepStore({ store, tenantsFile, clock, onPrepared, report }: Upkeep, signal: AbortSignal): Promise<void> {
  for (let pause = 1000; !signal.aborted; ) {
    try {
      const prepared = await store.prepare(readTenants(tenantsFile))
      if (prepared.applied.length > 0 || prepared.admitted.length > 0) onPrepared(prepared)
      pause = 1000
      await sleep(clock, checkMs, signal)
    } catch (error) {
      report('prepare the store', error)
      await sleep(clock, pause, signal)
      pause = Math.min(longestPauseMs, 2 * pause)
    }
  }
}

/** Throws InvalidConfig. */
export function readTenants(file: string | undefined): DeclaredTenant[] {
  if (file === undefined) return []
  try {
    const tenants = JSON.parse(readFileSync(file, 'utf8')) as DeclaredTenant[]
    if (tenants.every(({ namespace, role, password }) => [namespace, role, password].every((text) => typeof text === 'string'))) return tenants
  } catch (cause) {
    throw new HeadgateError('InvalidConfig', `${file} is no list of tenants: ${(cause as Error).message}`, { cause })
  }
  throw new HeadgateError('InvalidConfig', `${file}: each tenant needs namespace, role and password`)
}
