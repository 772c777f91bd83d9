// The command line of the operator's benchmark. Called by main.ts.
import { parseArgs } from 'node:util'

export type Options = {
  pipelines: number
  /** Runs that are over before the operator starts. */
  finished: number
  /** Runs created while it works, which stay active until all of them are. */
  active: number
  /** Jobs completed per second when latency is measured. */
  completionsPerSecond: number
  output: string | undefined
}

export const usage = `npm run bench:operator -- [options]

  --quick          1000 finished and 100 active runs: to try it, not to publish it
  --output FILE    also write the results into that Markdown file, such as docs/benchmarks.md
`

/** Throws an Error with the usage in it. */
export function readOptions(args: readonly string[]): Options {
  const { quick, output } = parse(args)
  const size = quick === true ? { pipelines: 10, finished: 1_000, active: 100 } : { pipelines: 100, finished: 10_000, active: 1_000 }
  return { ...size, completionsPerSecond: 15, output }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { quick: { type: 'boolean' }, output: { type: 'string' } } }).values
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`)
  }
}
