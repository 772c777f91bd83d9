// The CustomResourceDefinition of Pipeline, from its TypeBox definition.
import { Pipeline } from './pipeline.ts'
import { type JsonSchema, structural } from './structural.ts'

/** apiVersion, kind and metadata as the API server wants them: of metadata only the name may be restricted. */
function rootSchema(): JsonSchema {
  const schema = structural(JSON.parse(JSON.stringify(Pipeline)) as JsonSchema)
  const name = schema.properties?.metadata?.properties?.name ?? {}
  const { description: _, ...nameBounds } = name
  return {
    ...schema,
    required: ['spec'],
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string', description: 'headgate.dev/v1alpha1' },
      kind: { type: 'string', description: 'Pipeline' },
      metadata: { type: 'object', properties: { name: nameBounds } },
      status: { type: 'object', description: 'Filled by Headgate.', 'x-kubernetes-preserve-unknown-fields': true },
    },
  }
}

const columns = [
  { name: 'Mode', type: 'string', jsonPath: '.spec.destination.postgres.mode', description: 'How rows get into the table; Upsert if empty.' },
  { name: 'Table', type: 'string', jsonPath: '.spec.destination.postgres.table', description: 'Destination.' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

export function pipelineDefinition() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'pipelines.headgate.dev' },
    spec: {
      group: 'headgate.dev',
      scope: 'Namespaced',
      names: { kind: 'Pipeline', listKind: 'PipelineList', plural: 'pipelines', singular: 'pipeline', shortNames: ['hgp'], categories: ['headgate'] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: { status: {} },
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  }
}
