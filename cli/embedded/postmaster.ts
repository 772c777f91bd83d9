// Reads postmaster.pid, in which PostgreSQL notes the server of a data directory, and detects a file that a dead server left behind.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export type Postmaster = { processId: number; port: number; ready: boolean }

/** The live server of the data directory; undefined without a file, or if the file's process is gone. */
export function livePostmaster(cluster: string): Postmaster | undefined {
  const noted = readPostmaster(cluster)
  return noted !== undefined && isAlive(noted.processId) && isPostgres(noted.processId) ? noted : undefined
}

/** Lines: process id, data directory, start time, port, socket directory, address, shared memory key, state. */
function readPostmaster(cluster: string): Postmaster | undefined {
  let lines: string[]
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
  const processId = Number(lines[0])
  // A negative number is a single-user process (initdb); port and state are written a little later than the id.
  if (!Number.isInteger(processId) || processId <= 0) return undefined
  return { processId, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' }
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return !isZombie(processId)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Ended, but its parent (in a container perhaps a process 1 that never does) has not yet asked how. */
function isZombie(processId: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${processId}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Process ids are reused: the one in an old note may belong to anything by now. */
function isPostgres(processId: number): boolean {
  try {
    return readFileSync(`/proc/${processId}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    if (process.platform === 'linux' || process.platform === 'win32') return process.platform === 'win32'
    return basename(commandOf(processId)) === 'postgres'
  }
}

function commandOf(processId: number): string {
  try {
    return execFileSync('ps', ['-o', 'comm=', '-p', String(processId)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
