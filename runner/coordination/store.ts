// StoreCoordination: coordination of workers on a cluster without Redis. Leases in the store expire by the database's clock; live progress is
// not published. Used by worker processes.
import { randomBytes } from 'node:crypto'
import { RateBudget, type RateBudgetOptions } from './budget.ts'
import type { Coordination, Holder, SliceProgress } from './coordination.ts'

export class StoreCoordination implements Coordination {
  readonly oneMachine = false
  readonly #name: string

  /** `name`: the pod's name, or another name that identifies the process to users. */
  constructor(name: string) {
    this.#name = name
  }

  newWorkerName(): string {
    return `${this.#name}/${randomBytes(4).toString('hex')}`
  }

  /** Does nothing, because the engine renews leases in the store with any coordination. */
  begin(_worker: string): void {}

  async end(_worker: string): Promise<void> {}

  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    return expired(holders)
  }

  planned(_run: string, _slices: number): void {}

  saveProgress(_run: string, _progress: SliceProgress): void {}

  /** Always false, because the engine checks the run's row with any coordination. */
  async cancelRequested(_run: string): Promise<boolean> {
    return false
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options)
  }

  async close(): Promise<void> {}
}

/** The workers whose lease in the store has expired. */
export function expired(holders: readonly Holder[]): string[] {
  return holders.filter((holder) => holder.expired).map(({ worker }) => worker)
}
