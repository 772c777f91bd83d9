// StoreCoordination: workers that have nothing but the store in common. Claims lapse by the database's clock; nobody sees progress.
import { randomBytes } from 'node:crypto'
import { RateBudget, type RateBudgetOptions } from './budget.ts'
import type { Coordination, Holder, SliceProgress } from './coordination.ts'

export class StoreCoordination implements Coordination {
  readonly oneMachine = false
  readonly #name: string

  /** `name` is the pod's, or whatever tells people which process it is. */
  constructor(name: string) {
    this.#name = name
  }

  newWorker(): string {
    return `${this.#name}/${randomBytes(4).toString('hex')}`
  }

  /** The engine renews the claims of its worker in the store, whatever the coordination are. */
  begin(_worker: string): void {}

  async end(_worker: string): Promise<void> {}

  async lapsed(holders: readonly Holder[]): Promise<string[]> {
    return expired(holders)
  }

  planned(_run: string, _slices: number): void {}

  saveProgress(_run: string, _progress: SliceProgress): void {}

  /** The engine looks at the run's row, whatever the coordination are. */
  async cancelRequested(_run: string): Promise<boolean> {
    return false
  }

  rateBudget(options: RateBudgetOptions): RateBudget {
    return new RateBudget(options)
  }

  async close(): Promise<void> {}
}

/** Those of whom the store has had no sign of life. */
export function expired(holders: readonly Holder[]): string[] {
  return holders.filter((holder) => holder.expired).map(({ worker }) => worker)
}
