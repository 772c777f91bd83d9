// PostgreSQL refuses to run as root. Started by root (CI, containers), it runs as the existing user nobody.
import { readFileSync } from 'node:fs'
import { HeadgateError } from '../../sdk/index.ts'

export type ServerUser = { uid: number; gid: number }

/** The user to drop to, or undefined if the current one will do. */
export function serverUser(currentUid: number | undefined = process.getuid?.(), accounts = '/etc/passwd'): ServerUser | undefined {
  if (currentUid !== 0) return undefined
  const entry = readFileSync(accounts, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody')
  const uid = Number(entry?.[2])
  const gid = Number(entry?.[3])
  if (!Number.isInteger(uid) || !Number.isInteger(gid) || uid === 0) {
    throw new HeadgateError(
      'EmbeddedPostgresUser',
      `PostgreSQL does not run as root and ${accounts} has no user nobody to run it as; use another user, or name a server with --database`,
    )
  }
  return { uid, gid }
}
