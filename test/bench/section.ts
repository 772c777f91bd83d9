// docs/benchmarks.md holds the results of several commands; each replaces its own section and leaves the others alone.
import { existsSync, readFileSync } from 'node:fs'

export type SectionName = 'loading' | 'finish' | 'inputs' | 'operator'

const order: readonly SectionName[] = ['loading', 'finish', 'inputs', 'operator']
const title = '# Benchmarks'

/** What the file holds now; nothing if there is none. */
export function documentIn(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** `document` with the section replaced, or added in its place. */
export function withSection(document: string, name: SectionName, text: string): string {
  const bodies = order.map((section) => [section, section === name ? text.trim() : bodyOf(document, section)] as const)
  const written = bodies.filter(([, body]) => body !== '').map(([section, body]) => `${begin(section)}\n\n${body}\n\n${end(section)}`)
  return `${[title, ...written].join('\n\n')}\n`
}

function bodyOf(document: string, name: SectionName): string {
  const from = document.indexOf(begin(name))
  const to = document.indexOf(end(name))
  return from < 0 || to < from ? '' : document.slice(from + begin(name).length, to).trim()
}

function begin(name: SectionName): string {
  return `<!-- ${name}: begin, generated -->`
}

function end(name: SectionName): string {
  return `<!-- ${name}: end -->`
}
