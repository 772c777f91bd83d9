// A new kind of source costs its own files and a line in both registries: everything else follows. Tried on a copy of the project.
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { copyOfProject, project } from '../support/project-copy.ts'

const { folder: tree, read, write, replace } = copyOfProject()

function change(file: string, ...changes: [string, string][]): void {
  for (const [find, replacement] of changes) replace(file, find, replacement)
}

/** What a module of the tree prints. */
function print(code: string): unknown {
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: tree, encoding: 'utf8' }))
}

function headgate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...args], { cwd: tree, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

write(
  'crds/sources/toy.ts',
  `import Type from 'typebox'
import type { SourceKind } from '../kinds.ts'
import { closed, text } from '../shapes.ts'

const Toy = Type.Object({ numbers: Type.Integer({ minimum: 1, description: 'How many.' }), greeting: Type.Optional(text('What each says.', 80)) }, closed('Numbers, for play.'))

export const toy: SourceKind<typeof Toy> = {
  config: Toy,
  needsFormat: true,
  secrets: () => [{ name: 'toybox', key: 'code' }],
  volumes: () => [{ name: 'shelf', volume: { configMap: { name: 'shelf' } }, mountPath: '/shelf' }],
  templates: ({ greeting }) => (greeting === undefined ? [] : [{ path: ['greeting'], text: greeting }]),
}
`,
)
write(
  'runner/sources/toy/source.ts',
  `import type { RunContext } from '../../../sdk/index.ts'
import type { Input, Source } from '../source.ts'

export class ToySource implements Source {
  readonly #bytes: Buffer

  constructor({ numbers }: { numbers: number }) {
    this.#bytes = Buffer.from(['id', ...Array.from({ length: numbers }, (_, index) => String(index))].join('\\n'))
  }

  async *inputs(run: RunContext): AsyncIterable<Input> {
    yield { name: \`toy \${run.environment.secret('toybox', 'code')}\`, size: this.#bytes.length, identity: null }
  }

  async *open(_input: Input, start: number): AsyncIterable<Buffer> {
    yield this.#bytes.subarray(start)
  }

  async verify(): Promise<void> {}
}
`,
)
const manifest = (source: string, more = 'format: {csv: {}}') => `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: toys}
spec:
  source: {toy: ${source}}
  ${more}
  schema: {primaryKey: [id], fields: [{name: id, type: integer}]}
  destination: {postgres: {table: toys, createTable: true}}
`

test('The compiler names a kind that has a definition and no code', { timeout: 120_000 }, () => {
  change(
    'crds/sources/registry.ts',
    ["import { files } from './files.ts'", "import { files } from './files.ts'\nimport { toy } from './toy.ts'"],
    ['sources = { files }', 'sources = { files, toy }'],
  )
  const compile = () => spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', '.', '--noEmit'], { cwd: tree, encoding: 'utf8' })
  expect(compile().stdout).toMatch(/runner\/sources\/registry\.ts.*Property 'toy' is missing/s)
  change(
    'runner/sources/registry.ts',
    ["import type { Source } from './source.ts'", "import type { Source } from './source.ts'\nimport { ToySource } from './toy/source.ts'"],
    [
      'sourceCode = {',
      "sourceCode = {\n  toy: { make: (config) => new ToySource(config), check: ({ numbers }) => (numbers === 13 ? [{ path: ['numbers'], code: 'toy.unlucky', message: 'take 12' }] : []) },",
    ],
  )
  const { status, stdout } = compile()
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})

test('The resource definition and the reference page contain it', () => {
  execFileSync(process.execPath, ['crds/generate.ts'], { cwd: tree })
  const crd = read('charts/headgate/files/crds/headgate.dev_pipelines.yaml')
  expect(crd).toContain('[has(self.files), has(self.toy), has(self.plugin)].exists_one(x, x)')
  expect(crd).toContain('!has(self.source.toy) || has(self.format)')
  expect(read('docs/pipeline.md')).toContain('## spec.source.toy')
})

test.each([
  ['without a format', manifest('{numbers: 2}', ''), 'source.toy needs a format'],
  ['with an unknown field', manifest('{numbers: 2, colour: red}'), 'colour'],
  ['with an unknown placeholder', manifest('{numbers: 2, greeting: "{{ run.nme }}"}'), '{{ run.name }}'],
  ['that its own check refuses', manifest('{numbers: 13}'), 'take 12'],
])('headgate check refuses a manifest %s', (_, text, message) => {
  write('toys.yaml', text)
  const { status, said } = headgate('check', 'toys.yaml')
  expect(said).toContain(message)
  expect(status).not.toBe(0)
})

test('A pod gets its secret and its volume', () => {
  const snapshot = {
    name: 'toys-1',
    namespace: 'play',
    uid: 'u',
    params: {},
    createdAt: '2026-03-01T00:00:00Z',
    pipeline: {
      metadata: { name: 'toys', namespace: 'play' },
      spec: { source: { toy: { numbers: 2 } }, format: { csv: {} }, schema: { fields: [] }, destination: { postgres: { table: 'toys' } } },
    },
  }
  const job = print(`import { runJob } from './operator/controllers/run/start/job.ts'
    const limits = { images: [] }
    console.log(JSON.stringify(runJob({ snapshot: ${JSON.stringify(snapshot)}, text: '', hash: '' }, { workerImage: 'x', limits })))`)
  const pod = (job as { spec: { template: { spec: { volumes: object[]; containers: { env: object[]; volumeMounts: object[] }[] } } } }).spec.template.spec
  expect(pod.volumes).toContainEqual({ name: 'shelf', configMap: { name: 'shelf' } })
  expect(pod.containers[0]?.volumeMounts).toContainEqual({ name: 'shelf', mountPath: '/shelf', readOnly: true })
  expect(pod.containers[0]?.env).toContainEqual({ name: 'HEADGATE_SECRET_TOYBOX_CODE', valueFrom: { secretKeyRef: { name: 'toybox', key: 'code' } } })
})

test('headgate run loads from it', async () => {
  const database = await freshDatabase()
  await migrate(database.client)
  write('toys.yaml', manifest('{numbers: 3}'))
  expect(headgate('run', 'toys.yaml', '--database', database.url)).toMatchObject({ said: expect.stringContaining('HEADGATE_SECRET_TOYBOX_CODE') })
  process.env.HEADGATE_SECRET_TOYBOX_CODE = 'no. 7'
  expect(headgate('run', 'toys.yaml', '--database', database.url)).toMatchObject({ status: 0 })
  delete process.env.HEADGATE_SECRET_TOYBOX_CODE
  const { rows } = await database.client.query('SELECT id::int FROM toys ORDER BY id')
  expect(rows).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }])
  const names = await database.client.query(`SELECT name FROM headgate.slice WHERE kind = 'read'`)
  expect(names.rows).toContainEqual({ name: 'toy no. 7' })
})
