// Words that YAML 1.1, which kubectl reads, takes for true or false while YAML 1.2, which is read here, does not.
import { type Document, isScalar, type Scalar, visit } from 'yaml'
import type { Finding, Path } from './problem.ts'

const ambiguous = /^(y|n|yes|no|on|off)$/i

function pathTo(ancestors: readonly unknown[], key: number | 'key' | 'value' | null): Path {
  const path: (string | number)[] = []
  for (const [index, ancestor] of ancestors.entries()) {
    const below = ancestors[index + 1]
    const items = (ancestor as { items?: unknown[] }).items
    if (items && !(below as { key?: unknown } | undefined)?.key) path.push(below === undefined ? (key as number) : items.indexOf(below))
    const own = (ancestor as { key?: Scalar }).key
    if (own) path.push(String(own.value))
  }
  return path
}

/** Finds unquoted words of that kind. */
export function checkWords(document: Document.Parsed): Finding[] {
  const findings: Finding[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || !isScalar(node) || node.type !== 'PLAIN' || typeof node.value !== 'string' || !ambiguous.test(node.value)) return
      const message = `${node.value} without quotes is a boolean to kubectl and text here: put it in quotes`
      findings.push({ path: pathTo(ancestors.slice(1), key), code: 'yaml.ambiguous', severity: 'warning', message, suggestion: `"${node.value}"` })
    },
  })
  return findings
}
