// The command line of the finish step's benchmark. Called by bench.ts.
import { parseArgs } from 'node:util'

export type Options = {
  rows: number
  /** How many of them are rejected. */
  rejects: number
  /** Markdown file to write the results to. */
  output: string | undefined
}

export const usage = `npm run bench -- finish [options]

  --rows N         rows of the file (default 10000000)
  --rejects N      how many of them are rejected (default one in a hundred)
  --quick          200000 rows: to try it, not to publish it
  --output FILE    also write the results as Markdown, such as docs/benchmarks.md
`

/** Throws an Error with the usage in it. */
export function readOptions(args: readonly string[]): Options {
  const { rows: given, rejects: bad, quick, output } = parse(args)
  const rows = wholeNumber(given, quick === true ? 200_000 : 10_000_000)
  const rejects = wholeNumber(bad, Math.ceil(rows / 100))
  if (rejects >= rows) throw new Error(`${rejects} rejected rows of ${rows} leave none to load\n\n${usage}`)
  return { rows, rejects, output }
}

function parse(args: readonly string[]) {
  try {
    const options = { rows: { type: 'string' }, rejects: { type: 'string' }, quick: { type: 'boolean' }, output: { type: 'string' } } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`)
  }
}

function wholeNumber(text: string | undefined, preset: number): number {
  if (text === undefined) return preset
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new Error(`${text} is no whole number of at least 1\n\n${usage}`)
}
