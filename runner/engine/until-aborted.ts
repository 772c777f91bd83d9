// untilAborted: waits for something that may not heed a signal itself, such as a read by a plugin. Called by the slice loop.

/** What `promise` becomes; rejects with the signal's reason as soon as that is aborted. */
export async function untilAborted<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  // Nobody may wait for it any more; its failure must not count as unhandled then.
  promise.catch(() => {})
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
