// What goes wrong on clusters: each run says what it is and what to do about it, and none waits for ever. Part of first-run.test.ts,
// because these runs take their time beside others.
import { expect, test } from 'vitest'
import { type ClusterObject, must, type System, succeeded } from './system.ts'

type Trouble = {
  spec: object
  /** Of the condition in the end. */
  reason: string
  says: RegExp
}

const troubles: Record<string, Trouble> = {
  'bad-image': {
    spec: { pod: { image: 'registry.invalid/no/such:1' } },
    reason: 'ImagePull',
    says: /^no worker started within 8s \(spec\.startDeadline\): worker 0 waits: image registry\.invalid\/no\/such:1 cannot be pulled.*correct spec\.pod\.image/,
  },
  'missing-secret': {
    spec: { destination: { postgres: { table: 'trouble.numbers', createTable: true, secretRef: { name: 'nobody-made-it' } } } },
    reason: 'MissingSecret',
    says: /secret "nobody-made-it" not found; create the Secret in the run’s namespace, with the address under the key url/,
  },
  'too-much': {
    spec: { resources: { requests: { memory: '900Gi' } } },
    reason: 'Unschedulable',
    says: /no node can run the pod \(.*Insufficient memory.*\); lower spec\.resources/,
  },
  'missing-volume': {
    spec: { source: { files: { paths: ['*.csv'], volume: { configMap: { name: 'nobody-made-it' } } } }, startDeadline: '15s' },
    reason: 'StartDeadlineExceeded',
    says: /^no worker started within 15s .*configmap "nobody-made-it" not found/,
  },
  // Kubernetes restarts such a worker three times, after 10, 20 and 40 s.
  'too-little': {
    spec: { resources: { limits: { memory: '30Mi' } }, startDeadline: '3m' },
    reason: 'OutOfMemory',
    says: /memory.*spec\.resources/,
  },
  'no-input': {
    spec: { source: { files: { paths: ['*.xml'], volume: { configMap: { name: 'numbers' } } } } },
    reason: 'RunFailed',
    says: /SourceNotFound/,
  },
}

/** Begins all of them before the first of `system`'s tests. */
export async function beginTroubles(system: System): Promise<void> {
  await system.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'numbers' }, data: { 'numbers.csv': 'id\n1\n2\n' } })
  for (const [name, { spec }] of Object.entries(troubles)) {
    await system.apply(pipeline(name, spec))
    must(await system.headgate('trigger', name, '--name', `${name}-run`))
  }
  await system.apply({ apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', metadata: { name: 'orphan' }, spec: { pipelineRef: { name: 'nobody' } } })
}

export function describeTroubles(system: System): void {
  test.each(Object.keys(troubles))('%s: reports the cause, and what to do', async (name) => {
    const { reason, says } = troubles[name] as Trouble
    const run = await system.ended(`${name}-run`, 150)
    expect(run.status?.phase).toBe('Failed')
    expect(succeeded(run)).toMatchObject({ status: 'False', reason, message: expect.stringMatching(says) })
    expect(must(await system.kubectl('describe', 'pipelineruns.headgate.dev', `${name}-run`))).toMatch(new RegExp(`Warning +${reason} `))
  })

  test('a missing Pipeline is named', async () => {
    const message = expect.stringContaining(`there is no Pipeline nobody in namespace ${system.namespace}`)
    expect(succeeded(await system.ended('orphan'))).toMatchObject({ status: 'False', reason: 'PipelineNotFound', message })
  })

  test('a bad manifest is refused by kubectl, with the reason', async () => {
    const bad = pipeline('bad', { schema: { primaryKey: ['number'], fields: [{ name: 'id', type: 'integer' }] } })
    await expect(system.apply(bad)).rejects.toThrow(/primaryKey/)
    await expect(system.apply(pipeline('typo', { worker: 4 }))).rejects.toThrow('unknown field "worker"')
  })
}

function pipeline(name: string, spec: object): ClusterObject {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name },
    spec: {
      source: { files: { paths: ['*.csv'], volume: { configMap: { name: 'numbers' } } } },
      format: { csv: {} },
      schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
      destination: { postgres: { table: 'trouble.numbers', createTable: true } },
      startDeadline: '8s',
      ...spec,
    },
  }
}
