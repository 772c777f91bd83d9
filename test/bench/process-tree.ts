// Watches the memory and CPU time of a process and all its descendants while it runs. Linux only; elsewhere nothing is seen.
import { readdirSync, readFileSync } from 'node:fs'

const intervalMilliseconds = 50
const ticksPerSecond = 100

/** What a process used: the most memory (VmHWM) as the kernel kept it, and its CPU time. */
export type ProcessUse = { name: string; peakBytes: number; cpuSeconds: number }

/** Starts watching. The returned function stops it, and returns the root, then its descendants in the order of their start. */
export function watchTree(root: number): () => ProcessUse[] {
  const uses = new Map<number, ProcessUse>()
  const look = () => {
    for (const processId of tree(root)) {
      const use = readUse(processId)
      if (use !== undefined) uses.set(processId, use)
    }
  }
  look()
  const timer = setInterval(look, intervalMilliseconds)
  return () => {
    clearInterval(timer)
    return [...uses.values()]
  }
}

/** CPU time of a process, of those of its descendants that live, and of those that it has seen end. For a server that starts one per connection. */
export function cpuSecondsOf(root: number): number {
  const [server, ...others] = tree(root).map(readTicks)
  const ended = (server?.[2] ?? 0) + (server?.[3] ?? 0)
  return [server, ...others].reduce((sum, ticks) => sum + (ticks?.[0] ?? 0) + (ticks?.[1] ?? 0), ended) / ticksPerSecond
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
  return text.trim().split(' ').filter(Boolean).map(Number)
}

function readUse(processId: number): ProcessUse | undefined {
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8')
    const kilobytes = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1]
    const [user = 0, system = 0] = readTicks(processId) ?? []
    if (kilobytes === undefined) return undefined
    return { name: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '', peakBytes: Number(kilobytes) * 1024, cpuSeconds: (user + system) / ticksPerSecond }
  } catch {
    return undefined
  }
}

/** User and system time of the process, and of its children that have ended. The fields come after the name in parentheses. */
function readTicks(processId: number): number[] | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number)
  } catch {
    return undefined
  }
}
