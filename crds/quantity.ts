// Amounts of CPU and memory, and the functions that the API server's CEL has for them.
import type { Environment } from '@marcbachmann/cel-js'

class Quantity {
  readonly amount: number
  constructor(amount: number) {
    this.amount = amount
  }
}

const factors: Record<string, number> = {
  m: 0.001,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** In bytes or cores; undefined for what is no amount. */
export function amountOf(text: string): number | undefined {
  const [, digits, suffix = ''] = /^([0-9]+(?:[.][0-9]+)?)([A-Za-z]*)$/.exec(text) ?? []
  const factor = factors[suffix]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}

/** Adds isQuantity(text), quantity(text) and compareTo to an environment. */
export function withQuantities(environment: Environment): Environment {
  return environment
    .registerType('Quantity', Quantity)
    .registerFunction('isQuantity(string): bool', (text: string) => amountOf(text) !== undefined)
    .registerFunction('quantity(string): Quantity', (text: string) => new Quantity(amountOf(text) ?? Number.NaN))
    .registerFunction('Quantity.compareTo(Quantity): int', (one: Quantity, other: Quantity) => BigInt(Math.sign(one.amount - other.amount)))
}
