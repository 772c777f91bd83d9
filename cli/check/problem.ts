// What `headgate check` reports: one problem of one manifest, at the place where it is to be mended.

/** A place inside a manifest, from the top: keys and list indexes. */
export type Path = readonly (string | number)[]

export type Problem = {
  file: string
  /** Both count from 1. */
  line: number
  column: number
  /** Such as spec.schema.fields[2].type; empty for the document itself. */
  path: string
  /** One of the codes of docs/check.md. */
  code: string
  /** What is wrong and what to do. */
  message: string
  /** The word that was probably meant. */
  suggestion?: string
  /** An error keeps a pipeline from running, a warning may surprise, a note is only for information. */
  severity: 'error' | 'warning' | 'note'
}

/** A problem before it has its place in the file. `at` says what the caret points to: the key or its value. */
export type Finding = {
  path: Path
  at?: 'key' | 'value'
  code: string
  message: string
  suggestion?: string
  severity?: Problem['severity']
}

export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`), '')
}

/** Whether the shape of what is at a path is right, all of it, so that a deeper check may rely on it. */
export type IsValid = (path: Path) => boolean

export function validity(misshapen: readonly Path[]): IsValid {
  return (path) => !misshapen.some((wrong) => path.every((part, depth) => depth >= wrong.length || wrong[depth] === part))
}

export function byPosition(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)
}
