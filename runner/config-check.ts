// ConfigCheck: checks of a kind's configuration that its definition cannot express. Implemented by sources, formats and loaders; called by
// `headgate check`.

/** A problem in a configuration; `path` is relative to the kind. docs/check.md lists the codes. */
export type ConfigFinding = {
  path: readonly (string | number)[]
  code: string
  message: string
  /** The value that was probably intended. */
  suggestion?: string
  severity?: 'error' | 'warning' | 'note'
}

export type CheckContext = {
  /** Base of relative paths. */
  folder: string
  /** Whether the value at a path, relative to the kind, matches the schema, so that a check may rely on its shape. */
  isValid: (path: readonly (string | number)[]) => boolean
}

/** Code of a kind that may check its configuration. */
export type ConfigCheck<Config> = { check?(config: Config, context: CheckContext): ConfigFinding[] }
