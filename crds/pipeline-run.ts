// PipelineRun: one execution of a pipeline. One definition gives the types, the JSON Schema and the CRD.
import Type, { type Static } from 'typebox'
import { intervalRules, paramRules, runRules, runSpecRules } from './cluster-rules.ts'
import { apiVersion, maxPipelineName, maxRunName, type ObjectMeta } from './metadata.ts'
import { closed, labelName, objectName, stringMap } from './shapes.ts'
import { PipelineRunStatus } from './status.ts'

function momentWithZone(description: string) {
  return Type.String({
    description,
    format: 'date-time',
    maxLength: 35,
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
    'x-headgate-form': 'write a moment of RFC 3339 with its zone, such as 2026-03-01T00:00:00Z',
  })
}

const Interval = Type.Object(
  {
    start: momentWithZone('First moment of it, RFC 3339, such as 2026-03-01T00:00:00Z.'),
    end: momentWithZone('First moment after it, RFC 3339.'),
  },
  closed(
    'Time interval that the run covers. It gives {{ interval.date }} and others in source.files.paths of the pipeline, and is passed to plugins.',
    intervalRules,
  ),
)

export const PipelineRunSpec = Type.Object(
  {
    pipelineRef: Type.Object({ name: objectName('Name of the Pipeline, in the same namespace.', maxPipelineName) }, closed('What to run.')),
    params: Type.Optional(
      stringMap(
        'Values by name: {{ params.NAME }} in source.files.paths of the pipeline stands for one, and plugins are given all.',
        { maxEntries: 64, maxLength: 4096 },
        paramRules,
      ),
    ),
    interval: Type.Optional(Interval),
    allowRemoval: Type.Optional(
      Type.Boolean({ description: 'Whether this run may remove more rows than quality.maxRemovedRatio of its pipeline allows. Default: false.' }),
    ),
    cancel: Type.Optional(Type.Boolean({ description: 'Set to true to stop the run after the current batch. Cannot be undone. Default: false.' })),
  },
  closed('What to run. Only cancel can change once the run is created.', runSpecRules),
)

const Metadata = Type.Object(
  {
    name: Type.Optional(labelName('Name of the run; pods are named after it.', maxRunName)),
    generateName: Type.Optional(
      Type.String({ maxLength: maxRunName - 5, description: 'Beginning of a name that the API server completes, for kubectl create.' }),
    ),
    namespace: Type.Optional(Type.String({ maxLength: 63, description: 'Namespace on the cluster.' })),
  },
  { description: 'Name or generateName, namespace, labels and annotations, as of any Kubernetes object.' },
)

export const PipelineRun = Type.Object(
  {
    apiVersion: Type.Literal(apiVersion, { description: apiVersion }),
    kind: Type.Literal('PipelineRun', { description: 'PipelineRun' }),
    metadata: Metadata,
    spec: PipelineRunSpec,
    status: Type.Optional(PipelineRunStatus),
  },
  closed('One execution of a Pipeline.', runRules),
)

export type Interval = Static<typeof Interval>
export type PipelineRunSpec = Static<typeof PipelineRunSpec>
export type PipelineRun = Omit<Static<typeof PipelineRun>, 'metadata'> & { metadata: ObjectMeta }
