// Files whose path matches a glob, in linear time. Node's own glob compiles it to a backtracking expression, in which *a*a*a*a*b takes
// minutes for one long name. So Node only walks the folders, with a glob that is simpler and matches more, and RE2 decides.
import { globSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { HeadgateError } from '../../../sdk/index.ts'
import { compileExpression, type Expression } from '../../validation/expressions/expression.ts'

const mostAlternatives = 1000
const magic = /[*?[{]/

export function isGlob(path: string): boolean {
  return magic.test(path)
}

/** The folder that the glob names before its first wildcard. */
export function fixedFolder(pattern: string): string {
  return dirname(`${pattern.slice(0, pattern.search(magic))}x`)
}

/** Absolute paths of what matches and is no folder, in any order, perhaps twice. Throws InvalidPipeline. */
export async function filesMatching(pattern: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const { walked, expression } of searches(pattern, folder)) {
    for await (const entry of glob(walked, { cwd: folder, withFileTypes: true })) {
      const path = resolve(entry.parentPath, entry.name)
      if (!entry.isDirectory() && expression.test(path)) found.push(path)
    }
  }
  return found
}

/** Whether anything matches, a folder too. Throws InvalidPipeline. For `headgate check`. */
export function matchesAnything(pattern: string, folder: string): boolean {
  return searches(pattern, folder).some(({ walked, expression }) =>
    globSync(walked, { cwd: folder, withFileTypes: true }).some((entry) => expression.test(resolve(entry.parentPath, entry.name))),
  )
}

type Search = { walked: string; expression: Expression }

function searches(pattern: string, folder: string): Search[] {
  return alternatives(pattern).map((alternative) => ({
    walked: alternative.split('/').map(loosened).join('/'),
    expression: compiled(pattern, expressionOf(alternative, folder)),
  }))
}

function compiled(pattern: string, expression: string): Expression {
  try {
    return compileExpression(expression)
  } catch (cause) {
    throw new HeadgateError('InvalidPipeline', `the glob ${pattern} is none: ${(cause as Error).message}; correct spec.source.files.paths`, { cause })
  }
}

/** A part of the path with at most one star, at its end, which cannot backtrack. */
function loosened(part: string): string {
  const start = part.search(magic)
  return start < 0 || part === '**' ? part : `${part.slice(0, start)}*`
}

/** The glob with its braces written out. */
function alternatives(pattern: string): string[] {
  let done = [pattern.replaceAll('\\', '/')]
  for (;;) {
    const next = done.flatMap(withoutFirstBraces)
    if (next.length > mostAlternatives) throw tooMany(pattern)
    if (next.length === done.length && next.every((one, index) => one === done[index])) return next
    done = next
  }
}

/** Braces within braces come first; braces without a comma are characters like others. */
function withoutFirstBraces(pattern: string): string[] {
  const [braces, choices] = /\{([^{}]*,[^{}]*)\}/.exec(pattern) ?? []
  if (braces === undefined) return [pattern]
  const at = pattern.indexOf(braces)
  return (choices as string).split(',').map((choice) => pattern.slice(0, at) + choice + pattern.slice(at + braces.length))
}

function tooMany(pattern: string): HeadgateError {
  return new HeadgateError(
    'InvalidPipeline',
    `the glob ${pattern} stands for more than ${mostAlternatives} globs once its braces are written out; use * instead`,
  )
}

/** What absolute paths have to match. */
function expressionOf(pattern: string, folder: string): string {
  const parts = pattern.startsWith('/') ? [] : resolve(folder).split('/').filter(Boolean).map(literal)
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else if (part !== '**' || parts.at(-1) !== anyFolders) parts.push(part === '**' ? anyFolders : partExpression(part))
  }
  const last = parts.pop() ?? ''
  return `^/${parts.map((part) => (part === anyFolders ? part : `${part}/`)).join('')}${last === anyFolders ? '(?s:.*)' : last}$`
}

const anyFolders = '(?:[^/]+/)*'

function partExpression(part: string): string {
  return part.replaceAll(/\[[!^]?[^\]]+\]|\*+|\?|[^*?[]+|\[/g, (piece) => {
    if (piece.startsWith('*')) return '[^/]*'
    if (piece === '?') return '[^/]'
    return piece.length > 2 && piece.startsWith('[') && piece.endsWith(']') ? classExpression(piece) : literal(piece)
  })
}

function classExpression(piece: string): string {
  const negated = /^\[[!^]/.test(piece)
  const members = piece.slice(negated ? 2 : 1, -1).replaceAll(/[[\]^&]/g, '\\$&')
  return negated ? `[^/${members}]` : `[${members}]`
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
