// similarFile: suggests an existing file for a path that does not exist. Called by `headgate check`.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { closest } from '../crds/suggest.ts'

/** Suggests the file in the same folder with the most similar name, with the same folder part as `path`. Empty if no name is similar. */
export function similarFile(path: string, folder: string): { suggestion?: string } {
  const directory = resolve(folder, dirname(path))
  if (!existsSync(directory)) return {}
  const name = closest(basename(path), readdirSync(directory))
  if (name === undefined) return {}
  const found = join(dirname(path), name)
  return { suggestion: path.startsWith('./') ? `./${found}` : found }
}
