// A signal that fires when time is up or when another one does. Timers here are real: what they guard is real input and output.

export type Deadline = { readonly signal: AbortSignal; readonly reached: boolean; clear(): void }

/** To be cleared, or the other signal keeps a listener. */
export function deadline(milliseconds: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let reached = false
  const abort = () => controller.abort()
  const timer = setTimeout(() => {
    reached = !controller.signal.aborted
    abort()
  }, milliseconds)
  if (outer?.aborted) abort()
  outer?.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    get reached() {
      return reached
    },
    clear: () => {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}
