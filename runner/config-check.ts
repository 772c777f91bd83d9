// ConfigCheck: what `headgate check` asks the code of a kind about its configuration, beyond what its definition can say.

/** One thing wrong with a configuration, at its place below the kind. The codes are in docs/check.md. */
export type ConfigFinding = {
  path: readonly (string | number)[]
  code: string
  message: string
  /** The word that was probably meant. */
  suggestion?: string
  severity?: 'error' | 'warning' | 'note'
}

export type CheckContext = {
  /** Where relative paths start. */
  folder: string
  /** Whether the shape of what is at a path below the kind is right, so that a check may rely on it. */
  sound: (path: readonly (string | number)[]) => boolean
}

/** Code that checks a configuration. */
export type ConfigCheck<Config> = { check?(config: Config, context: CheckContext): ConfigFinding[] }
