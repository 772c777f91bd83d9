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

test('A snapshot with the hash that the operator recorded is accepted', () => {
  writeFileSync(file, text)
  expect(readSnapshot(file, hash).name).toBe('orders-1')
  expect(readSnapshot(file).name).toBe('orders-1')
})

test('Any other content is refused, even a valid snapshot', () => {
  writeFileSync(file, text.replace('"sales"', '"treasury"'))
  expect(() => readSnapshot(file, hash)).toThrow('its content is not what the operator wrote')
})
