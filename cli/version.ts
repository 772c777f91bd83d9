// The version of the package that this code belongs to. Called by main.ts.
import { readFileSync } from 'node:fs'

/** Its package.json is a folder higher where the code was compiled. */
export function packageVersion(): string {
  const path = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version
}
