// A manifest file as YAML documents, with the place of every key and value.
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseAllDocuments, type YAMLError } from 'yaml'
import { byPosition, type Finding, formatPath, type Path, type Problem } from './problem.ts'

export type Manifest = { documents: Document.Parsed[]; lines: LineCounter; problems: Problem[] }

const whatToDo: Record<string, string> = {
  DUPLICATE_KEY: 'this key is here twice: keep one',
  TAB_AS_INDENT: 'a tab cannot indent YAML: use spaces',
  BAD_INDENT: 'the indentation fits nothing above: line it up with its neighbours',
}

function syntaxProblem(error: YAMLError, file: string, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(error.pos[0])
  const message = whatToDo[error.code] ?? `not valid YAML: ${error.message.split(/ at line \d+|:\n/)[0]}`
  return { file, line, column: col, path: '', code: error.code === 'DUPLICATE_KEY' ? 'yaml.duplicateKey' : 'yaml.syntax', message, severity: 'error' }
}

/** Of the syntax errors only the first: those after it are mostly its consequences. */
function telling(errors: readonly YAMLError[]): YAMLError[] {
  const first = errors.find(isFatal)
  return errors.filter((error) => error === first || !isFatal(error))
}

/** Whether an error makes further checks useless. A duplicate key does not. */
export function isFatal(error: YAMLError): boolean {
  return error.code !== 'DUPLICATE_KEY'
}

export function parseManifest(text: string, file: string): Manifest {
  const lines = new LineCounter()
  const parsed = parseAllDocuments<ParsedNode>(text, { lineCounter: lines })
  const documents = Array.isArray(parsed) ? (parsed as Document.Parsed[]) : []
  const problems = documents.flatMap((document) => telling(document.errors).map((error) => syntaxProblem(error, file, lines)))
  return { documents, lines, problems }
}

/** The node at a path, or at the nearest place above that exists; the key instead of the value if `at` says so. */
function nodeAt(document: Document.Parsed, path: Path, at: 'key' | 'value'): Node | null {
  let node: Node | null = document.contents
  for (const [depth, part] of path.entries()) {
    const here: Node | undefined = isAlias(node) ? node.resolve(document) : (node ?? undefined)
    if (isMap(here)) {
      const pair = here.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (!pair) return node
      const last = depth === path.length - 1
      const key = pair.key as Node
      node = last && at === 'key' ? key : ((pair.value as Node | null) ?? key)
      if (!last && isScalar(node) && node.value === null) return key
    } else if (isSeq(here) && typeof part === 'number' && here.items[part]) {
      node = here.items[part] as Node
    } else return node
  }
  return node
}

/** How much of a path exists in the document. */
function existing(document: Document.Parsed, path: Path): Path {
  for (let length = path.length; length > 0; length--) if (document.hasIn(path.slice(0, length))) return path.slice(0, length)
  return []
}

/** Gives findings their place, sorted by it. A finding about something missing points to the key of what lacks it. */
export function place(findings: readonly Finding[], document: Document.Parsed, lines: LineCounter, file: string): Problem[] {
  const problems = findings.map(({ path, at, severity, ...rest }): Problem => {
    const present = existing(document, path)
    const node = nodeAt(document, present, present.length < path.length ? 'key' : (at ?? 'value'))
    const { line, col } = lines.linePos(node?.range?.[0] ?? document.range[0])
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: formatPath(path), severity: severity ?? 'error', ...rest }
  })
  return problems.sort(byPosition)
}
