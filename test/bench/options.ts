// The benchmark's command line. Called by main.ts.
import { parseArgs } from 'node:util'

export type Options = {
  rounds: number
  /** Rows of the large file. */
  rows: number
  /** Rows of the small file, which measures the whole command. */
  smallRows: number
  /** Only scenarios whose name matches. What they are compared with is measured all the same. */
  only: RegExp | undefined
  /** Whether DuckDB and Sling take part. */
  peers: boolean
  /** Markdown file to write the results to. */
  output: string | undefined
}

export const usage = `npm run bench -- [options]

  --rounds N       rounds, each measures everything once (default 3)
  --rows N         rows of the large file (default 2000000)
  --only REGEX     only scenarios whose name matches, such as "upsert|re-load"
  --quick          200000 rows, 1 round: to try it, not to publish it
  --no-peers       without DuckDB and Sling
  --output FILE    also write the results as Markdown, such as docs/benchmarks.md

npm run bench -- finish [options] measures the finish step of runs with rejected records
npm run bench -- inputs [options] measures many small files
`

/** Throws an Error with the usage in it. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args)
  const rows = wholeNumber(values.rows, values.quick === true ? 200_000 : 2_000_000)
  return {
    rounds: wholeNumber(values.rounds, values.quick === true ? 1 : 3),
    rows,
    smallRows: Math.min(rows, 200_000),
    only: values.only === undefined ? undefined : new RegExp(values.only, 'i'),
    peers: values['no-peers'] !== true,
    output: values.output,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        rows: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean' },
        'no-peers': { type: 'boolean' },
        output: { type: 'string' },
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`)
  }
}

function wholeNumber(text: string | undefined, preset: number): number {
  if (text === undefined) return preset
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new Error(`${text} is no whole number of at least 1\n\n${usage}`)
}
