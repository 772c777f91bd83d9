// A seeded random number generator: the same seed gives the same file on any machine.

/** mulberry32: uniform integers from 0 up to, not including, `below`. */
export function randomIntegers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** 1 … size in random order. */
export function shuffledKeys(size: number, seed: number): Uint32Array {
  const random = randomIntegers(seed)
  const keys = Uint32Array.from({ length: size }, (_, index) => index + 1)
  for (let last = size - 1; last > 0; last--) {
    const other = random(last + 1)
    const key = keys[last] as number
    keys[last] = keys[other] as number
    keys[other] = key
  }
  return keys
}
