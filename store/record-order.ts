// Record order in SQL, see sdk/record-order.ts. Called by the store's statements.
import { maxOrders } from '../sdk/record-order.ts'

/** SQL of `_pos`, from expressions for the ordinal of an input and the order of a record within it. */
export function recordOrderSql(input: string, order: string): string {
  return `(${input}::bigint * ${maxOrders} + ${order})`
}
