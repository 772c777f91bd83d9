// The command line of the benchmark of many small inputs. Called by bench.ts.
import { parseArgs } from 'node:util'

export type Options = {
  files: number
  /** Records per file. */
  records: number
  /** Markdown file to write the results to. */
  output: string | undefined
}

export const usage = `npm run bench -- inputs [options]

  --files N        how many files (default 10000)
  --records N      records of each (default 100)
  --quick          500 files: to try it, not to publish it
  --output FILE    also write the results as Markdown, such as docs/benchmarks.md
`

/** Throws an Error with the usage in it. */
export function readOptions(args: readonly string[]): Options {
  const { files, records, quick, output } = parse(args)
  return { files: wholeNumber(files, quick === true ? 500 : 10_000), records: wholeNumber(records, 100), output }
}

function parse(args: readonly string[]) {
  try {
    const options = { files: { type: 'string' }, records: { type: 'string' }, quick: { type: 'boolean' }, output: { type: 'string' } } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`)
  }
}

function wholeNumber(text: string | undefined, preset: number): number {
  if (text === undefined) return preset
  if (/^[1-9][0-9]{0,6}$/.test(text)) return Number(text)
  throw new Error(`${text} is no whole number of at least 1\n\n${usage}`)
}
