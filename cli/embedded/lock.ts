// A lock between processes on one directory: starting and stopping a shared server must not overlap.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { isAlive } from './postmaster.ts'

const POLL_MILLISECONDS = 50
const GIVE_UP_SECONDS = 60

/** Runs `work` while no other process that uses the same lock file does. A lock whose process is dead is taken over. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  const tries = (GIVE_UP_SECONDS * 1000) / POLL_MILLISECONDS
  for (let attempt = 0; !tryLock(file); attempt++) {
    if (attempt >= tries)
      throw new HeadgateError('EmbeddedPostgresBusy', `another headgate process holds ${file}; wait for it, or remove the file if none runs`)
    await sleep(POLL_MILLISECONDS)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function tryLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = ownerOf(file)
  if (owner !== undefined && !isAlive(owner)) rmSync(file, { force: true })
  return false
}

/** Undefined while the owner is still writing its id, or has just let go. */
function ownerOf(file: string): number | undefined {
  try {
    const owner = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(owner) && owner > 0 ? owner : undefined
  } catch {
    return undefined
  }
}
