// Templates: texts of a pipeline with placeholders, such as orders/{{ interval.date }}/*.csv. Parsed here by the runner and by
// `headgate check`, rendered by what knows where the text is used.
import { isPlaceholder, type Placeholder, placeholders } from '../../crds/placeholders.ts'

export type Template = {
  /** Literal texts and placeholders, in their order. */
  parts: readonly (string | { placeholder: Placeholder })[]
  /** What is wrong; such a template cannot be rendered. */
  problems: readonly TemplateProblem[]
}

export type TemplateProblem = { message: string; name: string }

/** Braces within braces are a glob's; a placeholder begins at the innermost two. */
const marks = /\{\{(?!\{)([^{}]*)(\}\})?/g

/** A glob may hold {{ too, such as {{a,b},c}: a comma, or no end and no known first word, makes it literal text. */
export function parseTemplate(text: string): Template {
  const parts: (string | { placeholder: Placeholder })[] = []
  const problems: TemplateProblem[] = []
  let end = 0
  for (const mark of text.matchAll(marks)) {
    const [whole, content = '', close] = mark
    const name = content.trim()
    if (name.includes(',') || (close === undefined && !/^(run|interval|params)\b/.test(name))) continue
    if (close === undefined) problems.push({ name, message: `the placeholder {{ ${name} is not closed: write {{ ${name} }}` })
    else if (!isPlaceholder(name)) problems.push({ name, message: unknown(name) })
    else {
      if (mark.index > end) parts.push(text.slice(end, mark.index))
      parts.push({ placeholder: name })
      end = mark.index + whole.length
    }
  }
  if (end < text.length) parts.push(text.slice(end))
  return { parts, problems }
}

function unknown(name: string): string {
  return `there is no placeholder {{ ${name} }}: there are params.NAME, ${Object.keys(placeholders).join(', ')}`
}

export function hasPlaceholders({ parts }: Template): boolean {
  return parts.some((part) => typeof part !== 'string')
}
