// Exit codes of the headgate command; documented in docs/cli.md.
export const exitCodes = {
  ok: 0,
  /** The run failed, or what was asked for is not there. */
  failed: 1,
  /** The command line or the manifest is wrong; nothing was done. */
  usage: 2,
  /** Stopped by a signal; an interrupted run can be resumed. */
  interrupted: 130,
} as const
