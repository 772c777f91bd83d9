// Makes a pipeline's parts, from the registries of sources, formats and destinations, and from plugins. Called by openWork.
import { type Schema, sourceName } from '../../crds/fields.ts'
import { declaredKind } from '../../crds/kinds.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { Extractor, HeadgateError, Loader, Transformer, Validator } from '../../sdk/index.ts'
import { type FormatCode, formatCode } from '../formats/registry.ts'
import type { AnyLoader } from '../loaders/capabilities.ts'
import { type LoaderCode, loaderCode } from '../loaders/registry.ts'
import { loadPlugin } from '../plugins/load.ts'
import { SourceExtractor } from '../sources/extractor.ts'
import { type SourceCode, sourceCode } from '../sources/registry.ts'
import { missingPolicy } from '../validation/missing.ts'
import { checkKept, planTransforms, type TransformPlan } from '../validation/transform/plan.ts'

/** The parts of a pipeline. */
export type Assembly = {
  extractor: Extractor
  validators: Validator[]
  /** The transformers, and the schema of their output, which the loader gets. */
  transforms: TransformPlan
  loader: AnyLoader
}

/** `folder`: base of relative paths. `workers`: number of workers that share the run. */
export type AssemblyOptions = { folder: string; workers: number }

/** Makes the parts that the pipeline declares. Throws HeadgateError. */
export async function assemble(spec: PipelineSpec, { folder, workers }: AssemblyOptions): Promise<Assembly> {
  const transformers = await Promise.all((spec.transform ?? []).map(({ plugin }) => loadPlugin(plugin, Transformer, folder)))
  const transforms = planTransforms(spec.schema, transformers)
  checkKept(spec.schema, transforms.schema, missingPolicy(spec))
  return {
    extractor: await makeExtractor(spec, folder, workers),
    validators: await Promise.all((spec.validators ?? []).map(({ plugin }) => loadPlugin(plugin, Validator, folder))),
    transforms,
    loader: await makeLoader(spec, transforms.schema, folder),
  }
}

async function makeExtractor(spec: PipelineSpec, folder: string, workers: number): Promise<Extractor> {
  if (spec.source.plugin !== undefined) return loadPlugin(spec.source.plugin, Extractor, folder)
  const source = codeOf<SourceCode<unknown>>('spec.source', sourceCode, spec.source)
  const format = codeOf<FormatCode<unknown>>('spec.format', formatCode, spec.format)
  const declared = spec.schema.fields.map((field) => ({ name: sourceName(field), type: field.type }))
  return new SourceExtractor({ source: source.entry.make(source.config), format: format.entry.make(format.config, declared), workers })
}

async function makeLoader(spec: PipelineSpec, schema: Schema, folder: string): Promise<AnyLoader> {
  if (spec.destination.plugin !== undefined) return loadPlugin(spec.destination.plugin, Loader, folder)
  const { entry, config } = codeOf<LoaderCode<unknown>>('spec.destination', loaderCode, spec.destination)
  return entry.make(config, schema)
}

/** The code for the declared kind of a pipeline's part, and its configuration. Throws InvalidPipeline. */
function codeOf<Code>(what: string, codes: Readonly<Record<string, Code>>, part: object | undefined): { entry: Code; config: unknown } {
  const kind = declaredKind(codes, part)
  if (kind !== undefined) return kind
  const names = Object.keys(codes)
  throw new HeadgateError('InvalidPipeline', `${what} has no kind that this version supports; set exactly one of ${names.join(', ')}`)
}
