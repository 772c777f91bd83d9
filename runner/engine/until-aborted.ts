// untilAborted: awaits an operation that may ignore an abort signal, such as a read by a plugin. Called by the slice loop and planRun.

/** Resolves or rejects as `promise` does; rejects with the signal's reason as soon as the signal is aborted. */
export async function untilAborted<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  // After an abort nothing awaits `promise`; Node must not report its rejection as unhandled.
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
