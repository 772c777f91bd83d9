// Places that the server's user can reach. Matters only when root starts the server as another user: a folder under a home
// directory of mode 700 is closed to that user, even if the user owns the folder below it.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HeadgateError } from '../../sdk/index.ts'
import type { ServerUser } from './user.ts'

const EXECUTE = 1

/** Whether `user` may execute (or, for a folder, enter) `path` and enter every folder above it. */
export async function isReachable(path: string, user: ServerUser): Promise<boolean> {
  for (let part = path; ; part = dirname(part)) {
    const { mode, uid, gid } = await stat(part)
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
    if (((mode >> shift) & EXECUTE) === 0) return false
    if (part === dirname(part)) return true
  }
}

/** Copies the binaries, once per version, to a folder that everyone can read and only root can write. Returns that folder. */
export async function copyBinaries(native: string, version: string, user: ServerUser): Promise<string> {
  const parent = await reachableParent([tmpdir(), '/var/tmp', '/var/lib'], user)
  const copy = join(parent, `headgate-postgres-${version}`)
  if (await isTrusted(copy)) return copy
  const unfinished = `${copy}.${randomBytes(6).toString('hex')}`
  await mkdir(unfinished, { mode: 0o755 })
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') })
  try {
    await rename(unfinished, copy)
    return copy
  } catch {
    // Another process was first, or the name is taken by something that is not ours.
    if (!(await isTrusted(copy))) return unfinished
    await rm(unfinished, { recursive: true, force: true })
    return copy
  }
}

/** A new folder that `user` can reach and that outlives a reboot where possible. */
export async function reachableFolder(user: ServerUser): Promise<string> {
  return await mkdtemp(join(await reachableParent(['/var/lib', '/var/tmp', tmpdir()], user), 'headgate-'))
}

async function reachableParent(candidates: string[], user: ServerUser): Promise<string> {
  for (const candidate of candidates) {
    if (await isReachable(candidate, user).catch(() => false)) return candidate
  }
  throw new HeadgateError(
    'EmbeddedPostgresUser',
    `PostgreSQL runs as uid ${user.uid}, which can enter none of ${candidates.join(', ')}; set TMPDIR to a folder it can enter, or use another user than root`,
  )
}

/** Someone else could have put a folder of that name into a shared temp directory. */
async function isTrusted(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}
