// The loading of a pipeline for the commands that run one.
import { readFile } from 'node:fs/promises'
import type { Pipeline } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { formatProblems } from './format.ts'
import { checkManifest } from './manifest.ts'

/** The text of a manifest file. Throws HeadgateError PipelineNotFound. */
export async function readManifest(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message
    throw new HeadgateError('PipelineNotFound', `${file} cannot be read: ${why}; check the path`, { cause })
  }
}

/**
 * The one pipeline of a manifest file. Throws HeadgateError PipelineNotFound if the file cannot be read, InvalidPipeline
 * with everything that is wrong with it otherwise.
 */
export async function loadPipeline(file: string): Promise<Pipeline> {
  const text = await readManifest(file)
  const { pipelines, problems } = checkManifest(text, file)
  const errors = problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0) throw new HeadgateError('InvalidPipeline', `${file} is not a valid pipeline; correct it\n\n${formatProblems(errors, text)}`)
  const [pipeline, another] = pipelines
  if (!pipeline) throw new HeadgateError('InvalidPipeline', `${file} holds no Pipeline; give a file that does`)
  if (another) throw new HeadgateError('InvalidPipeline', `${file} holds ${pipelines.length} pipelines; give a file with one`)
  return pipeline
}
