// The source `files`: files of the worker's file system, or of a volume of the cluster. Its code is in runner/sources/files.
import Type, { type Static } from 'typebox'
import { dataFolder, exactlyOne, type SourceKind } from '../kinds.ts'
import { placeholders } from '../placeholders.ts'
import { boundedList, closed, objectName, text } from '../shapes.ts'

const Volume = Type.Object(
  {
    persistentVolumeClaim: Type.Optional(
      Type.Object({ claimName: objectName('Name of the claim, in the pipeline’s namespace.') }, closed('A PersistentVolumeClaim.')),
    ),
    configMap: Type.Optional(
      Type.Object({ name: objectName('Name of the ConfigMap, in the pipeline’s namespace.') }, closed('A ConfigMap; each key is a file.')),
    ),
  },
  closed('On a cluster, a volume with the files, mounted read-only at /data, where relative paths start; exactly one kind. The command line ignores it.', [
    exactlyOne('volume', ['persistentVolumeClaim', 'configMap']),
  ]),
)

const FilesSource = Type.Object(
  {
    paths: boundedList(
      text('A path or a glob (*, ?, **), relative to the pipeline.', 1024),
      64,
      'Files to read, in this order; the matches of a glob in the order of their names. Placeholders such as {{ params.region }} or ' +
        `{{ interval.date }} stand for values of the run: params.NAME, ${Object.keys(placeholders).join(', ')}.`,
    ),
    allowEmpty: Type.Optional(Type.Boolean({ description: 'Whether no match at all is fine. Default: false, the run fails with SourceNotFound.' })),
    commitPerFile: Type.Optional(
      Type.Boolean({
        description:
          'Whether each file is committed by itself. Default: false, small files are committed together, which is much faster where there are thousands.',
      }),
    ),
    volume: Type.Optional(Volume),
  },
  closed('Files on the worker’s file system, or on a volume of the cluster.'),
)

export type FilesSource = Static<typeof FilesSource>

export const files: SourceKind<typeof FilesSource> = {
  config: FilesSource,
  needsFormat: true,
  volumes: ({ volume }) => (volume === undefined ? [] : [{ name: 'data', volume, mountPath: dataFolder }]),
  templates: ({ paths }) => paths.map((path, index) => ({ path: ['paths', index], text: path })),
}
