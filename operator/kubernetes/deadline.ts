// A signal that is aborted after a timeout or together with another signal. Uses real timers, because it limits real network requests.

export type Deadline = { readonly signal: AbortSignal; readonly reached: boolean; clear(): void }

/** Call `clear` at the end, otherwise the other signal keeps a listener. */
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
