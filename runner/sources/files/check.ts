// checkFiles: whether the paths of a files source match anything now. Used by `headgate check`.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { FilesSource } from '../../../crds/pipeline.ts'
import type { CheckContext, ConfigFinding } from '../../config-check.ts'
import { similarFile } from '../../similar-file.ts'
import { hasPlaceholders, parseTemplate } from '../../templates/template.ts'
import { isGlob, matchesAnything } from './glob.ts'

export function checkFiles({ paths, volume }: FilesSource, { folder, isValid }: CheckContext): ConfigFinding[] {
  // With a volume the paths are meant for a cluster.
  if (volume !== undefined || !isValid([])) return []
  return paths.flatMap((path, index) => checkPath(path, folder, ['paths', index]))
}

function checkPath(path: string, folder: string, place: ConfigFinding['path']): ConfigFinding[] {
  const template = parseTemplate(path)
  // The file depends on the run.
  if (hasPlaceholders(template) || template.problems.length > 0) return []
  const noMatch = { path: place, code: 'files.noMatch', severity: 'warning' } as const
  if (!isGlob(path)) {
    if (existsSync(resolve(folder, path))) return []
    return [{ ...noMatch, message: `there is no file ${path} now: a run would fail`, ...similarFile(path, folder) }]
  }
  try {
    if (matchesAnything(path, folder)) return []
  } catch (error) {
    return [{ path: place, code: 'files.glob', message: (error as Error).message }]
  }
  return [{ ...noMatch, message: `${path} matches no file now: a run would fail unless allowEmpty is set` }]
}
