// Errors whose message may quote a value of a record: thrown by plugins, or raised by code in the database.

const quoting = new WeakSet<object>()

/** Marks the error, and returns it. */
export function markQuoting<Thrown>(error: Thrown): Thrown {
  if (typeof error === 'object' && error !== null) quoting.add(error)
  return error
}

export function mayQuote(error: unknown): boolean {
  return typeof error === 'object' && error !== null && quoting.has(error)
}

/** Runs code of a plugin, and marks what it throws. */
export async function foreign<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw markQuoting(error)
  }
}
