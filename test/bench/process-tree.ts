// Watches the memory of a process and all its descendants while it runs. Linux only; elsewhere nothing is seen.
import { readdirSync, readFileSync } from 'node:fs'

const intervalMilliseconds = 50

/** A name such as `node`, and the most memory (VmHWM) the kernel saw it use. */
export type ProcessPeak = { processId: number; name: string; bytes: number }

/** Starts watching; the answer stops it and gives the root first, then its descendants as they came. */
export function watchTree(root: number): () => ProcessPeak[] {
  const peaks = new Map<number, ProcessPeak>()
  const look = () => {
    for (const processId of tree(root)) {
      const seen = readStatus(processId)
      if (seen !== undefined) peaks.set(processId, { processId, ...seen })
    }
  }
  look()
  const timer = setInterval(look, intervalMilliseconds)
  return () => {
    clearInterval(timer)
    return [...peaks.values()]
  }
}

function tree(root: number): number[] {
  const found = [root]
  for (const processId of found) found.push(...children(processId))
  return found
}

function children(processId: number): number[] {
  try {
    return readdirSync(`/proc/${processId}/task`).flatMap((task) => numbers(readFileSync(`/proc/${processId}/task/${task}/children`, 'utf8')))
  } catch {
    return []
  }
}

function numbers(text: string): number[] {
  return text.split(' ').filter(Boolean).map(Number)
}

function readStatus(processId: number): { name: string; bytes: number } | undefined {
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8')
    const kilobytes = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1]
    const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? ''
    return kilobytes === undefined ? undefined : { name, bytes: Number(kilobytes) * 1024 }
  } catch {
    return undefined
  }
}
