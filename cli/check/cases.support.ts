// A sound manifest to spoil, for the tables of invalid ones.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { checkManifest } from './manifest.ts'
import type { Problem } from './problem.ts'

export const validManifest = `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata:
  name: orders
spec:
  source:
    files: {paths: [command.ts]}
  format:
    csv: {delimiter: ";", encoding: utf-8}
  schema:
    primaryKey: [id]
    versionField: changed
    fields:
    - {name: id, type: integer, min: 1, max: 9}
    - {name: email, type: text, minLength: 3, maxLength: 90, nullable: true}
    - {name: amount, type: decimal, precision: 12, scale: 2}
    - {name: kind, type: enum, values: [small, large]}
    - {name: changed, type: timestamp, zone: UTC, patterns: [yyyy-MM-dd HH:mm]}
    - {name: country, type: text, references: {table: ref.country, column: code}}
    rules:
    - {name: paid, expression: "record.amount != null"}
  destination:
    postgres: {table: sales.orders, mode: Upsert}
  retry: {limit: 5, backoff: {initial: 1s}}
`

/** What to do to the valid manifest, what the caret must point to, the path, and words of the message. */
export type Case = [find: string, replacement: string, caret: string, path: string, message: string]

/** The problems of the manifest after the change, as if it stood in this folder. */
export function spoiled(find: string, replacement: string): { text: string; problems: Problem[] } {
  if (!validManifest.includes(find)) throw new Error(`the valid manifest has no ${find}`)
  const text = validManifest.replace(find, () => replacement)
  return { text, problems: checkManifest(text, fileURLToPath(new URL('pipeline.yaml', import.meta.url))).problems }
}

/** One test for each: the problem is found, at its path, and its caret stands where one has to look. */
export function testCases(cases: readonly Case[]): void {
  test.each(cases)('%s → %s is found at %s', (find, replacement, caret, path, message) => {
    const { text, problems } = spoiled(find, replacement)
    const problem = problems.find((candidate) => candidate.path === path && candidate.message.includes(message))
    expect(problem, JSON.stringify(problems)).toBeDefined()
    if (problem) expect(pointedAt(text, problem).startsWith(caret), pointedAt(text, problem)).toBe(true)
  })
}

/** The text from the problem's place to the end of its line. */
function pointedAt(text: string, problem: Problem): string {
  return (text.split('\n')[problem.line - 1] ?? '').slice(problem.column - 1)
}
