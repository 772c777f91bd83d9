// What a manifest needs beside it: the modules of plugins.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import type { Pipeline, Plugin } from '../../crds/pipeline.ts'
import { similarFile } from '../../runner/similar-file.ts'
import type { Finding, IsValid, Path } from './problem.ts'

function checkPlugin(plugin: Plugin, folder: string, path: Path): Finding[] {
  const place = { path: [...path, 'plugin', 'module'], code: 'plugin.notFound' }
  const { module } = plugin
  if (module.startsWith('.') || isAbsolute(module)) {
    if (existsSync(resolve(folder, module))) return []
    return [{ ...place, message: `there is no file ${module} beside the pipeline: correct the path, ending included`, ...similarFile(module, folder) }]
  }
  const manifest = createRequire(join(resolve(folder), 'pipeline.yaml'))
    .resolve.paths(module)
    ?.some((modules) => existsSync(join(modules, module)))
  if (manifest || existsSync(join(import.meta.dirname, '../../node_modules', module))) return []
  return [{ ...place, message: `no package ${module} is installed: install it, or write ./${module} if it is a file` }]
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

/** Checks plugins of valid shape against the manifest's folder. */
export function checkSurroundings(pipeline: Pipeline, folder: string, isValid: IsValid): Finding[] {
  if (!pipeline?.spec) return []
  return pluginsOf(pipeline).flatMap(([plugin, path]) => (plugin && isValid(path) ? checkPlugin(plugin, folder, path) : []))
}
