// Shows the progress of a run on standard error while the command waits: one line that is redrawn on a terminal, otherwise a line per change.
import type { RunObject } from './resources.ts'
import { countsOf, messageOf, phaseOf } from './run-state.ts'

export type LiveLine = { show(run: RunObject): void; clear(): void }

type Screen = { isTTY: boolean; columns?: number; write(text: string): unknown }

/** Without a terminal, how often counts alone are printed. */
const quietMilliseconds = 10_000

export function liveLine(screen: Screen, now: () => number): LiveLine {
  if (!screen.isTTY) return newsLines(screen, now)
  return {
    show: (run) => {
      const width = (screen.columns ?? 80) - 1
      screen.write(`\r\u001b[K${lineOf(run).slice(0, width)}`)
    },
    clear: () => {
      screen.write('\r\u001b[K')
    },
  }
}

function newsLines(screen: Screen, now: () => number): LiveLine {
  let told = { news: '', line: '', at: 0 }
  return {
    show: (run) => {
      const next = { news: `${phaseOf(run)} ${messageOf(run)}`, line: lineOf(run), at: now() }
      if (next.line === told.line || (next.news === told.news && next.at - told.at < quietMilliseconds)) return
      told = next
      screen.write(`${next.line}\n`)
    },
    clear: () => {},
  }
}

function lineOf(run: RunObject): string {
  return [`${run.metadata.name}  ${phaseOf(run)}`, countsOf(run.status), messageOf(run)].filter((part) => part !== '').join('  ')
}
