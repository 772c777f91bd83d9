// Problems for people: file:line:column, the line itself and a caret below the place.
import { styleText } from 'node:util'
import type { Problem } from './problem.ts'

type Style = Parameters<typeof styleText>[0]

const styles: Record<Problem['severity'], Style> = { error: 'red', warning: 'yellow', note: 'cyan' }

function expectedWord(problem: Problem): string {
  return problem.suggestion === undefined || problem.message.endsWith('?') ? '' : `; did you mean ${problem.suggestion}?`
}

/** `text` is the file the problems are in; a long line is cut around the place. */
export function formatProblems(problems: readonly Problem[], text: string, options: { colour?: boolean } = {}): string {
  const paint = (style: Style, words: string) => (options.colour ? styleText(style, words, { validateStream: false }) : words)
  const lines = text.split(/\r\n|\r|\n/)
  const blocks = problems.map((problem) => {
    const start = Math.max(0, problem.column - 60)
    const line = (lines[problem.line - 1] ?? '').slice(start, start + 140)
    const pad = line.slice(0, problem.column - 1 - start).replaceAll(/[^\t]/g, ' ')
    const number = String(problem.line)
    const where = paint('bold', `${problem.file}:${problem.line}:${problem.column}`)
    const what = `${paint(styles[problem.severity], problem.severity)} ${problem.message}${expectedWord(problem)}`
    const path = problem.path === '' ? '' : ` ${paint('dim', `(${problem.path})`)}`
    return `${where} ${what}${path}\n${paint('dim', `  ${number} |`)} ${line}\n  ${' '.repeat(number.length)} | ${pad}${paint(styles[problem.severity], '^')}\n`
  })
  return blocks.join('\n')
}

export function summary(problems: readonly Problem[], files: number): string {
  const count = (severity: Problem['severity'], word: string) => {
    const number = problems.filter((problem) => problem.severity === severity).length
    return number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`]
  }
  const said = [...count('error', 'error'), ...count('warning', 'warning')]
  return `${files} file${files === 1 ? '' : 's'} checked: ${said.length === 0 ? 'no problem' : said.join(', ')}`
}
