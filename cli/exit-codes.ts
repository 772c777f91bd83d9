// Exit codes of the headgate command; documented in docs/cli.md.
export const exitCodes = {
  ok: 0,
  /** The run failed, or the object does not exist; for check: a manifest has errors. */
  failed: 1,
  /** The command line is wrong, or the manifest cannot be read or run; nothing was done. */
  usage: 2,
  /** The wait timed out before the run ended; the run continues. */
  unfinished: 3,
  /** Stopped by a signal; an interrupted run can be resumed. */
  interrupted: 130,
} as const
