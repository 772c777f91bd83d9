// parsePath: reads format.json.path, a JSON Pointer (/data/items) or a path ($.data.items[*]).

export type Path = {
  /** Names of members or indexes of elements, from the outermost value on. */
  steps: readonly string[]
  /** Whether the value must be an array, whose elements are the records. */
  elements: boolean
}

const step = /\.([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\['([^'\\]+)'\]|\["([^"\\]+)"\]/y
const mostSteps = 64

/** Returns what is wrong with the path, in words, if it is not valid. */
export function parsePath(text: string): Path | string {
  const path = text.startsWith('$') ? dollarPath(text) : pointer(text)
  if (typeof path !== 'string' && path.steps.length > mostSteps) return `has more than ${mostSteps} steps`
  return path
}

function pointer(text: string): Path | string {
  if (!text.startsWith('/')) return 'must begin with / or $, such as /data/items or $.data.items[*]'
  if (/~(?![01])/.test(text)) return 'has a ~ that is not ~0 (which means ~) or ~1 (which means /)'
  const steps = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  return { steps, elements: false }
}

function dollarPath(text: string): Path | string {
  const elements = text.endsWith('[*]')
  const end = elements ? text.length - '[*]'.length : text.length
  const steps: string[] = []
  step.lastIndex = 1
  for (let at = 1; at < end; at = step.lastIndex) {
    const found = step.exec(text)
    if (found === null || step.lastIndex > end) {
      const wild = text.startsWith('[*]', at)
      return wild ? 'has [*] before its end: only the last step may be all elements of an array' : `cannot be read from character ${at + 1} on`
    }
    steps.push(found[1] ?? found[2] ?? found[3] ?? (found[4] as string))
  }
  return { steps, elements }
}
