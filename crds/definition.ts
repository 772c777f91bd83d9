// The CustomResourceDefinitions, from the TypeBox definitions.
import type { TSchema } from 'typebox'
import { group, version } from './metadata.ts'
import { Pipeline } from './pipeline.ts'
import { PipelineRun } from './pipeline-run.ts'
import { type JsonSchema, structural } from './structural.ts'

type Column = { name: string; type: 'string' | 'integer' | 'date' | 'boolean'; jsonPath: string; description?: string; priority?: 1 }

type Kind = { kind: string; plural: string; shortName: string; schema: TSchema; columns: Column[] }

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

const pipelineKind: Kind = {
  kind: 'Pipeline',
  plural: 'pipelines',
  shortName: 'hgp',
  schema: Pipeline,
  columns: [
    { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule.cron', description: 'When it runs by itself.' },
    { name: 'Suspended', type: 'boolean', jsonPath: '.spec.schedule.suspend', description: 'Whether the schedule pauses.' },
    { name: 'Last Run', type: 'string', jsonPath: '.status.lastRun.phase', description: 'Where the last run is.' },
    { name: 'Last Success', type: 'date', jsonPath: '.status.lastSuccess.completionTime', description: 'How long ago a run succeeded.' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status', description: 'Whether it can run.' },
    age,
    { name: 'Table', type: 'string', jsonPath: '.spec.destination.postgres.table', description: 'Destination.', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', description: 'Why it is ready or not.', priority: 1 },
  ],
}

const runKind: Kind = {
  kind: 'PipelineRun',
  plural: 'pipelineruns',
  shortName: 'hgr',
  schema: PipelineRun,
  columns: [
    { name: 'Pipeline', type: 'string', jsonPath: '.spec.pipelineRef.name', description: 'What it runs.' },
    { name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'Where it is.' },
    { name: 'Read', type: 'integer', jsonPath: '.status.records.read', description: 'Records read.' },
    { name: 'Loaded', type: 'integer', jsonPath: '.status.records.loaded', description: 'Records loaded.' },
    { name: 'Quarantined', type: 'integer', jsonPath: '.status.records.quarantined', description: 'Records rejected.' },
    { name: 'Duration', type: 'string', jsonPath: '.status.duration', description: 'From start to completion.' },
    age,
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Succeeded")].reason', description: 'Why it is so.', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Succeeded")].message', description: 'The reason in words.', priority: 1 },
  ],
}

/**
 * The schema as the API server wants it. The name is bounded so that the cost of rules about it is, too; what it may be
 * is for those rules to say, in better words than the API server has for a pattern.
 */
function rootSchema({ kind, schema }: Kind): JsonSchema {
  const { properties, ...rest } = structural(JSON.parse(JSON.stringify(schema)) as JsonSchema)
  return {
    ...rest,
    required: ['spec'],
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: `${group}/${version}` },
      kind: { type: 'string', description: kind },
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
    },
  }
}

function definitionOf(kind: Kind) {
  const singular = kind.kind.toLowerCase()
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular, shortNames: [kind.shortName], categories: ['headgate'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns,
          subresources: { status: {} },
          schema: { openAPIV3Schema: rootSchema(kind) },
        },
      ],
    },
  }
}

export function definitions() {
  return [pipelineKind, runKind].map(definitionOf)
}
