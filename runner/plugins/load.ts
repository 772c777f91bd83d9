// Loads a class of the user's own that a pipeline names under `plugin`.
import { isBuiltin } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from '../../crds/pipeline.ts'
import { moduleKind } from '../../crds/plugin-modules.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { messageOf } from '../../sdk/thrown.ts'

type Class<Instance> = abstract new (config: never) => Instance

/**
 * Makes an instance of the plugin's class with its `config`. The class must be a subclass of `base`, by the SDK of this
 * installation. Throws HeadgateError InvalidPlugin.
 */
export async function loadPlugin<Instance>(plugin: Plugin, base: Class<Instance>, folder: string): Promise<Instance> {
  const name = plugin.export ?? 'default'
  const exported = (await importModule(plugin.module, folder))[name]
  if (typeof exported !== 'function') {
    throw new HeadgateError('InvalidPlugin', `module ${plugin.module} exports no class "${name}"; export the class or name another under plugin.export`)
  }
  const instance: unknown = new (exported as new (config: unknown) => unknown)(plugin.config)
  if (instance instanceof base) return instance
  throw new HeadgateError(
    'InvalidPlugin',
    `"${name}" of module ${plugin.module} is not a subclass of ${base.name}; extend ${base.name} from the headgate package`,
  )
}

async function importModule(module: string, folder: string): Promise<Record<string, unknown>> {
  const kind = moduleKind(module)
  if (kind === undefined || isBuiltin(module)) {
    const advice = 'name a file, beginning with ./, ../ or /, or an installed package'
    throw new HeadgateError('InvalidPlugin', `plugin.module ${module.slice(0, 80)} is no file and no package: ${advice}`)
  }
  const specifier = kind === 'file' ? pathToFileURL(isAbsolute(module) ? module : join(folder, module)).href : module
  try {
    return (await import(specifier)) as Record<string, unknown>
  } catch (cause) {
    throw new HeadgateError('InvalidPlugin', `module ${module} cannot be loaded: ${messageOf(cause)}`, { cause })
  }
}
