// What a pipeline's plugins may be loaded from. The operator asks before it starts a run, a worker before it loads a class.
import { posix } from 'node:path'
import type { PipelineSpec } from './pipeline.ts'
import type { Plugin } from './plugin.ts'

/** A path that begins with ./, ../ or /; or a package, with or without a path in it. Never a URL: that would be code in the manifest. */
export const moduleForm = {
  pattern: '^([.]{1,2}/|/)[^\\x00-\\x1f]+$|^(@[a-z0-9][a-z0-9._~-]*/)?[A-Za-z0-9_][A-Za-z0-9._~-]*(/[A-Za-z0-9_~@-][A-Za-z0-9._~@-]*)*$',
  form: 'name a file, beginning with ./, ../ or /, or an installed package; URLs such as data:, http: or node: are no modules',
  maxLength: 512,
}

const allowed = new RegExp(moduleForm.pattern)

export type ModuleKind = 'file' | 'package'

/** Undefined for what is neither, such as a URL. */
export function moduleKind(module: string): ModuleKind | undefined {
  if (!allowed.test(module)) return undefined
  return /^[.]{0,2}\//.test(module) ? 'file' : 'package'
}

/** The classes of one's own that a pipeline names, each with its place. */
export function pluginsOf(spec: PipelineSpec): { path: string; plugin: Plugin }[] {
  const { source, destination, validators = [], transform = [] } = spec
  const places = [
    { path: 'spec.source', plugin: source?.plugin },
    { path: 'spec.destination', plugin: destination?.plugin },
    ...validators.map(({ plugin }, index) => ({ path: `spec.validators[${index}]`, plugin })),
    ...transform.map(({ plugin }, index) => ({ path: `spec.transform[${index}]`, plugin })),
  ]
  return places.flatMap(({ path, plugin }) => (plugin === undefined ? [] : [{ path: `${path}.plugin`, plugin }]))
}

/** The modules that a pipeline names, each with its place. */
export function modulesOf(spec: PipelineSpec): { path: string; module: string }[] {
  return pluginsOf(spec).map(({ path, plugin }) => ({ path: `${path}.module`, module: plugin.module }))
}

/** Whether a module comes with the image: a package, or a path below that folder of it. Relative paths lead to the mounted volume. */
export function isInImage(module: string, folder: string): boolean {
  const kind = moduleKind(module)
  return kind === 'package' || (kind === 'file' && isBelow(module, folder))
}

/** Both paths as they are written, `..` resolved. */
export function isBelow(path: string, folder: string): boolean {
  const top = posix.resolve(folder)
  return posix.isAbsolute(path) && posix.resolve(path).startsWith(top === '/' ? top : `${top}/`)
}
