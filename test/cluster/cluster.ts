// What a cluster with pods is to a test run, wherever it comes from: our own (own.ts), kind's (kind.ts) or one that was handed in.
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OUTPUT_BYTES = 64 * 1024 * 1024

export type Cluster = {
  /** The administrator's. */
  kubeconfigPath: string
  builder: ImageBuilder
  stop(): Promise<void>
}

/** How an image gets into the cluster; plain data, so that it can be handed to another process. */
export type ImageBuilder = { by: 'buildah'; environment: Record<string, string> } | { by: 'docker'; kindCluster: string } | { by: 'nobody' }

/** Builds an image and hands it to the cluster, where `imagePullPolicy` must not be `Always`. `context` is the Dockerfile's folder if left out. */
export async function buildImage(builder: ImageBuilder, dockerfile: string, tag: string, context: string = dirname(dockerfile)): Promise<void> {
  switch (builder.by) {
    case 'buildah':
      await run(join(import.meta.dirname, 'image-build'), [dockerfile, tag, context], {
        env: { ...process.env, ...builder.environment },
        maxBuffer: OUTPUT_BYTES,
      })
      return
    case 'docker':
      await run('docker', ['build', '--quiet', '--file', dockerfile, '--tag', tag, context], { maxBuffer: OUTPUT_BYTES })
      await run('kind', ['load', 'docker-image', tag, '--name', builder.kindCluster])
      return
    case 'nobody':
      throw new Error('no image can be built for a cluster that was handed in')
  }
}
