// Exit codes of the headgate command; documented in docs/cli.md.
export const exitCodes = {
  ok: 0,
  /** The run failed, or what was asked for is not there; for check: a manifest has mistakes. */
  failed: 1,
  /** The command line is wrong, or the manifest cannot be read or run; nothing was done. */
  usage: 2,
  /** The time to wait was over before the run ended; the run goes on. */
  unfinished: 3,
  /** Stopped by a signal; an interrupted run can be resumed. */
  interrupted: 130,
} as const
