// neighbour: the file that was probably meant by a path that leads to none.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { closest } from '../crds/suggest.ts'

/** The file of the same folder whose name is nearest, as the manifest would write it. */
export function neighbour(path: string, folder: string): { suggestion?: string } {
  const directory = resolve(folder, dirname(path))
  if (!existsSync(directory)) return {}
  const name = closest(basename(path), readdirSync(directory))
  if (name === undefined) return {}
  const found = join(dirname(path), name)
  return { suggestion: path.startsWith('./') ? `./${found}` : found }
}
