// Tracks the users of a shared embedded server: one file per use, named by process. The last user stops the server, whichever process started it,
// but only if a headgate command started it. Everything here is synchronous, because it also runs while the process exits.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './postmaster.ts'

/** Notes that this process uses the server of `directory`. Returns the note's file, for `moveOut`. */
export function moveIn(directory: string): string {
  const folder = join(directory, 'tenants')
  mkdirSync(folder, { recursive: true })
  const note = join(folder, `${process.pid}-${randomBytes(4).toString('hex')}`)
  writeFileSync(note, '')
  return note
}

/** Removes the file. Returns whether the server has no other user; files of dead processes do not count. */
export function moveOut(directory: string, note: string): { last: boolean } {
  rmSync(note, { force: true })
  const folder = join(directory, 'tenants')
  let others = 0
  for (const name of readdirSync(folder)) {
    if (isAlive(Number(name.split('-')[0]))) others++
    else rmSync(join(folder, name), { force: true })
  }
  return { last: others === 0 }
}

export function rememberStarted(directory: string, processId: number): void {
  writeFileSync(join(directory, 'started'), String(processId))
}

/** Whether a headgate command (this one or another) started that server. */
export function wasStartedByUs(directory: string, processId: number): boolean {
  try {
    return Number(readFileSync(join(directory, 'started'), 'utf8')) === processId
  } catch {
    return false
  }
}
