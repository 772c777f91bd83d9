// The example of a cluster, run on this machine over the files of its ConfigMap: it does what its page says.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { commandFolder } from '../cli/command.ts'
import { freshDatabase } from '../support/database.ts'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'

const example = join(import.meta.dirname, '../../examples/orders')
const files = ['pipeline.yaml', 'large.yaml']

test('Nine orders are loaded, one is superseded, and those of the table are in quarantine', async () => {
  const { url } = await freshDatabase()
  const { folder, headgate } = commandFolder()
  const [feed, pipeline] = parseAllDocuments(readFileSync(join(example, 'pipeline.yaml'), 'utf8')).map((document) => document.toJS())
  for (const [name, text] of Object.entries<string>(feed.data)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'pipeline.yaml'), JSON.stringify(pipeline))
  const { code, out } = await headgate('run', 'pipeline.yaml', '--database', url, '--output', 'json', '--workers', '1')
  expect({ code, counts: JSON.parse(out).run.counts }).toMatchObject({ code: 0, counts: { read: 15, loaded: 9, superseded: 1, quarantined: 5 } })
  const { out: list } = await headgate('quarantine', 'list', '--database', url, '--output', 'json')
  const rejected = JSON.parse(list).map((entry: { raw: string }) => Buffer.from(entry.raw, 'base64').toString().slice(0, 4))
  const told = [...readFileSync(join(example, 'README.md'), 'utf8').matchAll(/^\| (\d+) \|/gm)].map(([, order]) => order)
  expect(rejected.toSorted()).toEqual(told)
})

describeWithApiServer('The example on an API server', async (server) => {
  const { namespace, kubectl } = await freshNamespace(server)

  test.each(files)('%s is accepted as it is, and is the same afterwards', async (file) => {
    const where = ['-n', namespace, '-f', join(example, file)]
    expect(await kubectl(['apply', ...where])).toMatchObject({ code: 0 })
    expect(await kubectl(['diff', ...where])).toMatchObject({ code: 0, stdout: '' })
  })
})
