// Everything the headgate command takes from the environment. The only file of cli/ that reads it.

export type CliConfig = {
  /** Folder of the local mode's database and state; HEADGATE_HOME, by default `.headgate` in the current folder. */
  home: string
}

export function cliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  return { home: environment.HEADGATE_HOME || '.headgate' }
}
