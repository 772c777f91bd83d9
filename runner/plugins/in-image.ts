// On a cluster whose administrator allows only modules of the image: refuses a run with any other before a class of it is loaded.
import { realpath } from 'node:fs/promises'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { isBelow, isInImage, moduleKind, modulesOf } from '../../crds/plugin-modules.ts'
import { HeadgateError } from '../../sdk/index.ts'

/** `folder` is that of the image in which files may stand; links do not lead out of it. Throws InvalidPlugin. */
export async function requireModulesInImage(spec: PipelineSpec, folder: string): Promise<void> {
  for (const { path, module } of modulesOf(spec)) {
    if (!isInImage(module, folder) || !(await standsBelow(module, folder))) {
      const advice = `only packages of the image and files below ${folder} are allowed on this cluster; build an image with the module, or ask the administrator`
      throw new HeadgateError('InvalidPlugin', `${path} is ${module}, which is not in the image: ${advice}`)
    }
  }
}

/** The loader reports a file that does not exist. */
async function standsBelow(module: string, folder: string): Promise<boolean> {
  if (moduleKind(module) === 'package') return true
  const real = await realpath(module).catch(() => undefined)
  return real === undefined || isBelow(real, await realpath(folder))
}
