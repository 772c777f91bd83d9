// Sound manifests, and what tables of invalid ones change in them. Used by the tests of the CRDs and of `headgate check`.

type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }

/** Paths such as spec.schema.fields.0.min and what to put there; undefined removes it. */
export type Changes = Record<string, Value | undefined>

export type InvalidManifest = {
  /** What is wrong, as the end of a sentence. */
  wrong: string
  changes: Changes
  /** Words of the API server's refusal. */
  refused: string
  /** Message of `headgate check`, if it differs; null if only the API server finds the error. */
  offline?: string | null
}

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string }; spec: unknown }

export function soundPipeline(): Manifest {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'orders' },
    spec: {
      source: { files: { paths: ['orders.csv'], volume: { configMap: { name: 'orders' } } } },
      format: { csv: {} },
      schema: {
        primaryKey: ['id'],
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'amount', type: 'decimal', precision: 12, scale: 2, nullable: true },
          { name: 'country', type: 'text', references: { table: 'ref.country', column: 'code' } },
        ],
      },
      destination: { postgres: { table: 'sales.orders' } },
    },
  }
}

export function soundRun(): Manifest {
  return { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', metadata: { name: 'orders-1' }, spec: { pipelineRef: { name: 'orders' } } }
}

/** The manifest with the changes made in it. */
export function changed(manifest: Manifest, changes: Changes): Manifest {
  for (const [path, value] of Object.entries(changes)) put(manifest, path.split('.'), value)
  return manifest
}

function put(at: unknown, [name = '', ...rest]: string[], value: Value | undefined): void {
  const object = at as Record<string, unknown>
  if (rest.length > 0) {
    object[name] ??= {}
    put(object[name], rest, value)
  } else if (value === undefined) delete object[name]
  else object[name] = value
}
