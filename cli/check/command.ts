// `headgate check FILE...`
import { formatProblems, summary } from './format.ts'
import { readManifest } from './load.ts'
import { checkManifest } from './manifest.ts'
import type { Problem } from './problem.ts'

export type CheckOptions = {
  output?: 'text' | 'json'
  colour?: boolean
  write?: (text: string) => void
  writeError?: (text: string) => void
}

/** Exit codes: 0 nothing wrong (warnings are fine), 1 an error in a manifest, 2 a file that cannot be read. */
export async function checkCommand(files: readonly string[], options: CheckOptions = {}): Promise<number> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text))
  const writeError = options.writeError ?? ((text: string) => void process.stderr.write(text))
  const colour = options.colour ?? (options.write === undefined && process.stdout.isTTY === true && process.stdout.hasColors())
  const all: Problem[] = []
  let unreadable = 0
  for (const file of files) {
    const text = await readManifest(file).catch((error: unknown) => {
      unreadable++
      writeError(`${(error as Error).message}\n`)
    })
    if (text === undefined) continue
    const { problems } = checkManifest(text, file)
    all.push(...problems)
    if (options.output !== 'json' && problems.length > 0) write(`${formatProblems(problems, text, { colour })}\n`)
  }
  const wrong = all.some((problem) => problem.severity === 'error')
  if (options.output === 'json') write(`${JSON.stringify({ valid: !wrong && unreadable === 0, problems: all }, null, 2)}\n`)
  else write(`${summary(all, files.length - unreadable)}\n`)
  return unreadable > 0 ? 2 : wrong ? 1 : 0
}
