// What a manifest needs beside it: the modules of plugins, and files that its globs match.
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Pipeline, Plugin } from '../../crds/pipeline.ts'
import { isGlob, matchesAnything } from '../../runner/sources/files/glob.ts'
import { hasPlaceholders, parseTemplate } from '../../runner/templates/template.ts'
import type { Finding, Path, Sound } from './problem.ts'
import { closest } from './suggest.ts'

/** The file of the same folder whose name is nearest, as the manifest would write it. */
function neighbour(path: string, folder: string): { suggestion?: string } {
  const directory = resolve(folder, dirname(path))
  if (!existsSync(directory)) return {}
  const name = closest(basename(path), readdirSync(directory))
  if (name === undefined) return {}
  const found = join(dirname(path), name)
  return { suggestion: path.startsWith('./') ? `./${found}` : found }
}

function checkPlugin(plugin: Plugin, folder: string, path: Path): Finding[] {
  const place = { path: [...path, 'plugin', 'module'], code: 'plugin.notFound' }
  const { module } = plugin
  if (module.startsWith('.') || isAbsolute(module)) {
    if (existsSync(resolve(folder, module))) return []
    return [{ ...place, message: `there is no file ${module} beside the pipeline: correct the path, ending included`, ...neighbour(module, folder) }]
  }
  const manifest = createRequire(join(resolve(folder), 'pipeline.yaml'))
    .resolve.paths(module)
    ?.some((modules) => existsSync(join(modules, module)))
  if (manifest || existsSync(join(import.meta.dirname, '../../node_modules', module))) return []
  return [{ ...place, message: `no package ${module} is installed: install it, or write ./${module} if it is a file` }]
}

function checkPaths(pipeline: Pipeline, folder: string): Finding[] {
  // With a volume the paths are meant for a cluster.
  if (pipeline.spec.source.files?.volume !== undefined) return []
  return (pipeline.spec.source.files?.paths ?? []).flatMap((path, index) => checkPath(path, folder, ['spec', 'source', 'files', 'paths', index]))
}

function checkPath(path: string, folder: string, place: Path): Finding[] {
  const template = parseTemplate(path)
  // Which file is meant depends on the run.
  if (hasPlaceholders(template) || template.problems.length > 0) return []
  const noMatch = { path: place, code: 'files.noMatch', severity: 'warning' } as const
  if (!isGlob(path)) {
    if (existsSync(resolve(folder, path))) return []
    return [{ ...noMatch, message: `there is no file ${path} now: a run would fail`, ...neighbour(path, folder) }]
  }
  try {
    if (matchesAnything(path, folder)) return []
  } catch (error) {
    return [{ path: place, code: 'files.glob', message: (error as Error).message }]
  }
  return [{ ...noMatch, message: `${path} matches no file now: a run would fail unless allowEmpty is set` }]
}

/** The plugins of a pipeline with the paths of what they are declared in. */
function pluginsOf(pipeline: Pipeline): [Plugin | undefined, Path][] {
  const { source, destination, validators, transform } = pipeline.spec
  const steps = (name: 'validators' | 'transform', list: typeof validators) =>
    Array.isArray(list) ? list.map((step, index): [Plugin, Path] => [step?.plugin, ['spec', name, index]]) : []
  return [
    [source?.plugin, ['spec', 'source']],
    [destination?.plugin, ['spec', 'destination']],
    ...steps('validators', validators),
    ...steps('transform', transform),
  ]
}

/** Checks those parts of a pipeline whose shape is right against the folder it stands in. */
export function checkSurroundings(pipeline: Pipeline, folder: string, sound: Sound): Finding[] {
  if (!pipeline?.spec) return []
  const plugins = pluginsOf(pipeline).flatMap(([plugin, path]) => (plugin && sound(path) ? checkPlugin(plugin, folder, path) : []))
  return sound(['spec', 'source']) ? [...plugins, ...checkPaths(pipeline, folder)] : plugins
}
