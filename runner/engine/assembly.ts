// Puts a pipeline's parts together: one line here for each built-in source, format and destination.
import { type Schema, sourceName } from '../../crds/fields.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { Extractor, HeadgateError, Loader, Transformer, Validator } from '../../sdk/index.ts'
import { CsvFormat } from '../formats/csv/format.ts'
import type { Format } from '../formats/format.ts'
import { PostgresLoader } from '../loaders/postgres/loader.ts'
import { loadPlugin } from '../plugins/load.ts'
import { SourceExtractor } from '../sources/extractor.ts'
import { FilesSource } from '../sources/files/source.ts'
import type { Source } from '../sources/source.ts'
import { missingPolicy } from '../validation/missing.ts'
import { checkKept, planTransforms } from '../validation/transform/plan.ts'

/** The parts of a pipeline, made but not yet used. */
export type Assembly = {
  extractor: Extractor
  validators: Validator[]
  transformers: Transformer[]
  loader: Loader
}

/** What the parts are made for: relative paths start at `folder`, `workers` is how many will share the work. */
export type AssemblyOptions = { folder: string; workers: number }

/** Makes the parts that the pipeline declares. Throws HeadgateError. */
export async function assemble(spec: PipelineSpec, { folder, workers }: AssemblyOptions): Promise<Assembly> {
  const transformers = await Promise.all((spec.transform ?? []).map(({ plugin }) => loadPlugin(plugin, Transformer, folder)))
  return {
    extractor: await makeExtractor(spec, folder, workers),
    validators: await Promise.all((spec.validators ?? []).map(({ plugin }) => loadPlugin(plugin, Validator, folder))),
    transformers,
    loader: await makeLoader(spec, loadedSchema(spec, transformers), folder),
  }
}

/** The schema of what is loaded. Throws InvalidTransform. */
function loadedSchema(spec: PipelineSpec, transformers: readonly Transformer[]): Schema {
  const { schema } = planTransforms(spec.schema, transformers)
  checkKept(spec.schema, schema, missingPolicy(spec))
  return schema
}

async function makeExtractor(spec: PipelineSpec, folder: string, workers: number): Promise<Extractor> {
  if (spec.source.plugin !== undefined) return loadPlugin(spec.source.plugin, Extractor, folder)
  return new SourceExtractor({ source: makeSource(spec), format: makeFormat(spec), workers })
}

function makeSource(spec: PipelineSpec): Source {
  if (spec.source.files !== undefined) return new FilesSource(spec.source.files)
  throw new HeadgateError('InvalidPipeline', 'spec.source names no source; give exactly one, such as files')
}

function makeFormat(spec: PipelineSpec): Format {
  const declaredFields = spec.schema.fields.map(sourceName)
  if (spec.format?.csv !== undefined) return new CsvFormat(spec.format.csv, declaredFields)
  throw new HeadgateError('InvalidPipeline', 'spec.format names no format; give exactly one, such as csv')
}

async function makeLoader(spec: PipelineSpec, schema: Schema, folder: string): Promise<Loader> {
  if (spec.destination.plugin !== undefined) return loadPlugin(spec.destination.plugin, Loader, folder)
  if (spec.destination.postgres !== undefined) return new PostgresLoader({ destination: spec.destination.postgres, schema })
  throw new HeadgateError('InvalidPipeline', 'spec.destination names no destination; give exactly one, such as postgres')
}
