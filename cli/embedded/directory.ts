// The folder of an embedded server: `data` (the cluster), `password`, `server.log`, notes of who uses it. Delete the folder to start anew.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, realpath, rename, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { HeadgateError } from '../../sdk/index.ts'
import { isReachable, reachableFolder } from './reachable.ts'
import type { ServerUser } from './user.ts'

const run = promisify(execFile)

/**
 * Makes the folder and returns its real path. Where `user` cannot reach it, a folder elsewhere takes its place and the wanted
 * one becomes a link to it, so that it is found again next time.
 */
export async function prepareDirectory(wanted: string, user: ServerUser | undefined): Promise<string> {
  const path = resolve(wanted)
  await mkdir(path, { recursive: true, mode: 0o700 })
  const real = await realpath(path)
  if (user === undefined) return real
  if (await isReachable(dirname(real), user)) return await handOver(real, user)
  if ((await readdir(real)).length > 0) throw unreachable(real, user)
  const elsewhere = await handOver(await reachableFolder(user), user)
  await rmdir(real)
  await symlink(elsewhere, path)
  return elsewhere
}

async function handOver(path: string, user: ServerUser): Promise<string> {
  if ((await stat(path)).uid !== user.uid) await chown(path, user.uid, user.gid)
  return path
}

function unreachable(path: string, user: ServerUser): HeadgateError {
  return new HeadgateError(
    'EmbeddedPostgresUser',
    `PostgreSQL runs as uid ${user.uid} and cannot enter a folder above ${path}, which already holds data; ` +
      'open that folder (chmod o+x), set HEADGATE_HOME to a folder it can enter, or use another user than root',
  )
}

/** Creates the cluster unless it exists. Superuser postgres, UTF8, locale C, password needed even on 127.0.0.1. */
export async function initialise(directory: string, initdb: string, user: ServerUser | undefined): Promise<void> {
  const cluster = join(directory, 'data')
  if (existsSync(join(cluster, 'PG_VERSION'))) return
  const unfinished = `${cluster}.new` // renamed when complete, so that an interrupted initdb is never taken for a cluster
  await rm(unfinished, { recursive: true, force: true })
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid)
  const options = ['--username=postgres', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-instructions']
  try {
    await run(initdb, [`--pgdata=${unfinished}`, ...options], { ...user, cwd: directory, env: serverEnvironment() })
    await rename(unfinished, cluster)
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? ''
    throw new HeadgateError('EmbeddedPostgresFailed', `initdb could not make a database cluster in ${cluster}: ${said || (cause as Error).message}`, { cause })
  }
}

export async function readPassword(directory: string): Promise<string> {
  return await readFile(join(directory, 'password'), 'utf8')
}

/** Nothing of ours: PG* variables would change what initdb and postgres do. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}
