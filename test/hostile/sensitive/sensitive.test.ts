// Values of sensitive fields that fail in every way there is. Nothing stored or printed may hold one, but for what docs/security.md names.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quarantineListCommand, quarantineShowCommand } from '../../../cli/commands/quarantine.ts'
import { runsCommand } from '../../../cli/commands/runs.ts'
import { traceCommand } from '../../../cli/commands/trace.ts'
import type { Terminal } from '../../../cli/output.ts'
import { commandFolder, type ProgramResult } from '../../cli/command.ts'
import { freshDatabase } from '../../support/database.ts'
import { canary, columnsWithCanaries, hasCanary } from './canaries.ts'
import { failing, manifest, quotingPlugins, rejectingRules, type Shape } from './manifest.ts'

const { client, url } = await freshDatabase()
const { folder, headgate: command } = commandFolder()
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
write('plugins.ts', quotingPlugins(join(import.meta.dirname, '../../../sdk/index.ts')))
await client.query('CREATE TABLE parents (id text)')

/** Commands whose output held a canary. */
const leaking: string[][] = []

async function headgate(...args: string[]): Promise<ProgramResult> {
  const said = await command(...args, ...(args[0] === 'check' ? [] : ['--database', url]))
  if (hasCanary(said.out + said.err)) leaking.push(args)
  return said
}

const plugin = (name: string) => `{plugin: {module: ./plugins.ts, export: ${name}}}`
const names = ['id', 'note', ...failing, 'extra']
const line = (values: Record<string, string>) => names.map((name) => values[name] ?? (name === 'id' ? canary() : '')).join(',')

/** A record for each way to fail. */
function delivery(): string {
  const framing = [
    `${canary()},"stray"${canary()}`,
    `${canary()},a"${canary()}`,
    `${line({ s_json: canary() })},one,too,many`,
    `${canary()},"never closed ${canary()}`,
  ]
  const fields = failing.map((name) => line({ [name]: canary() }))
  return [names.join(','), ...fields, line({ note: 'validate', Rule: canary() }), line({ note: 'transform' }), line({ extra: canary() }), ...framing, ''].join(
    '\n',
  )
}

const shape: Shape = { secrets: 'sensitive', unknownFields: 'capture', plugins: [`validators: [${plugin('Quoting')}]`, `transform: [${plugin('Making')}]`] }

/** Shows what the run left, in every way. */
async function look(run: string): Promise<void> {
  const { rows } = await client.query(`SELECT entry.id, entry.key ->> 'id' AS key FROM headgate.quarantine AS entry ORDER BY id`)
  const options = { database: url }
  for (const form of ['text', 'json'] as const) {
    await shown(form, ['runs'], (terminal) => runsCommand({ ...options, limit: 1000 }, terminal))
    await shown(form, ['list', run], (terminal) => quarantineListCommand({ ...options, run, limit: 1000 }, terminal))
    // All of them as JSON, which holds everything; as text some.
    for (const { id, key } of rows.filter((_, index) => form === 'json' || index % 5 === 0)) {
      await shown(form, ['show', String(id)], (terminal) => quarantineShowCommand(id, options, terminal))
      if (key !== null) await shown(form, ['trace', key], (terminal) => traceCommand('people', [`id=${key}`], options, terminal))
    }
  }
}

async function shown(form: 'text' | 'json', what: string[], show: (terminal: Terminal) => Promise<number>): Promise<void> {
  let text = ''
  await show({ form, program: 'headgate', colours: false, write: (part) => (text += part) })
  if (hasCanary(text)) leaking.push([form, ...what])
}

test('A record that fails is kept and shown without its sensitive values', async () => {
  write('people.csv', delivery())
  write('people.yaml', manifest('people', shape))
  await headgate('check', 'people.yaml')
  await headgate('run', 'people.yaml', '--name', 'first')
  await headgate('run', 'people.yaml', '--name', 'second', '--output', 'json')
  const { rows } = await client.query('SELECT DISTINCT unnest(codes) AS code FROM headgate.quarantine')
  const codes = rows.map(({ code }) => code)
  const fields = ['length.max', 'length.min', 'pattern', 'format.email', 'format.uri', 'format.hostname', 'enum', 'reference.parents']
  const types = ['integer', 'decimal', 'float', 'boolean', 'date', 'time', 'timestamp', 'uuid', 'json'].map((type) => `type.${type}`)
  const others = ['quoting', 'hidden', 'transform.s_made', 'csv.quote', 'csv.columns', ...rejectingRules.map((name) => `rule.${name}`)]
  expect(codes).toEqual(expect.arrayContaining([...fields, ...types, ...others]))
  await look('first')
  expect(await columnsWithCanaries(client)).toEqual(['quarantine.key', 'quarantine.raw', 'quarantine.record'])
  expect(leaking).toEqual([])
}, 120_000)

test('A run that ends early reports why without quoting source data', async () => {
  const two = () => `id,note\n${canary()},a\n${canary()},b\n`
  const refused = `CREATE TABLE refusing (id text PRIMARY KEY, note text, _run bigint, _pos bigint);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one: %', NEW.id; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON refusing FOR EACH ROW EXECUTE FUNCTION refuse()`
  const constrained = 'CREATE TABLE constrained (id text PRIMARY KEY CHECK (id = note), note text, _run bigint, _pos bigint)'
  await client.query(`${refused}; ${constrained}`)
  const onlyId: Shape = { secrets: 'sensitive', plugins: [] }
  const runs: [string, Shape, string][] = [
    ['throwing', { ...onlyId, plugins: [`transform: [${plugin('Throwing')}]`] }, two()],
    ['denying', { ...onlyId, plugins: [`validators: [${plugin('Refusing')}]`] }, two()],
    ['parsing', { ...onlyId, plugins: [`transform: [${plugin('Parsing')}]`] }, two()],
    ['refusing', onlyId, two()],
    ['constrained', onlyId, two()],
    ['headless', onlyId, `${canary()},${canary()}\n${canary()},${canary()}\n`],
    ['unknown', { ...onlyId, unknownFields: 'reject' }, `id,note,${canary()}\n${canary()},a,b\n`],
    ['twice', onlyId, `id,note,${canary()},cny0_zq,cny0_zq\n${canary()},a,b,c,d\n`],
  ]
  for (const [name, how, content] of runs) {
    write(`${name}.csv`, content)
    write(`${name}.yaml`, manifest(name, how))
    const { out } = await headgate('run', `${name}.yaml`, '--name', name)
    expect({ name, out }).toEqual({ name, out: expect.stringContaining('Failed') })
  }
  const { rows } = await client.query(`SELECT name, failure ->> 'message' AS message FROM headgate.run WHERE name IN ('throwing', 'refusing') ORDER BY 1`)
  expect(rows[0].message).toContain('all 2 records were rejected')
  expect(rows[1].message).toMatch(/TypeError: .* it was thrown at .*plugins\.ts/)
  expect(await columnsWithCanaries(client)).toEqual(['quarantine.key', 'quarantine.raw', 'quarantine.record'])
  expect(leaking).toEqual([])
}, 120_000)

test('What was rejected while a field was sensitive stays hidden when its declaration is changed or dropped, and when its run is forgotten', async () => {
  for (const how of ['open', 'none'] as const) {
    write('people.yaml', manifest('people', { ...shape, secrets: how, plugins: how === 'none' ? [] : (shape.plugins ?? []) }))
    // Not looked at: to this run nothing is sensitive.
    await command('run', 'people.yaml', '--name', how, '--database', url)
    await look('first')
    expect({ how, leaking }).toEqual({ how, leaking: [] })
  }
  await client.query(`DELETE FROM headgate.run WHERE name IN ('first', 'second')`)
  await look('open')
  expect(leaking).toEqual([])
}, 120_000)
