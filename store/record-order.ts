// SQL counterpart of sdk/record-order.ts. Called by the ledger and the PostgreSQL loader.
import { maxOrders } from '../sdk/record-order.ts'

/** SQL expression for `_pos`, from expressions for the ordinal of an input and the order of a record within it. */
export function recordOrderSql(input: string, order: string): string {
  return `(${input}::bigint * ${maxOrders} + ${order})`
}
