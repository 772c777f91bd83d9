import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSnapshot } from './snapshot.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-snapshot-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'run.json')
const pipeline = { metadata: { name: 'orders', namespace: 'sales' }, spec: { schema: {} } }
const text = JSON.stringify({ name: 'orders-1', namespace: 'sales', uid: 'u', pipeline })
const hash = createHash('sha256').update(text).digest('hex')

test('The snapshot that the operator recorded is read', () => {
  writeFileSync(file, text)
  expect(readSnapshot(file, hash).name).toBe('orders-1')
  expect(readSnapshot(file).name).toBe('orders-1')
})

test('Any other content is refused, sound as it may be', () => {
  writeFileSync(file, text.replace('"sales"', '"treasury"'))
  expect(() => readSnapshot(file, hash)).toThrow('it is not what the operator wrote')
})
