// The line below a list that has more: the command for the next page, to paste into a shell.
import type { Terminal } from './output.ts'

export type ListOptions = { database?: string; limit: number; after?: string }

/** `words` are the command and the options that choose what is listed. A database URL may hold a password, so it is not repeated. */
export function nextPage({ program }: Terminal, words: readonly (string | undefined)[], { database, limit }: ListOptions, next: string | undefined): string {
  if (next === undefined) return ''
  const given = words.filter((word) => word !== undefined).map(quoted)
  return `More: ${[program, ...given, ...(database === undefined ? [] : ['--database URL']), `--limit ${limit}`, `--after ${next}`].join(' ')}\n`
}

/** An option with its value, or neither. */
export function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, value]
}

function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
