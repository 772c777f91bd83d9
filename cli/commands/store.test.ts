import { expect, test } from 'vitest'
import { openStore } from './store.ts'

test.each([
  ['sales', 'begins with postgresql:// or postgres://'],
  ['me:hunter2@localhost/sales', 'begins with postgresql:// or postgres://'],
  ['mysql://me:hunter2@localhost/sales', 'begins with postgresql:// or postgres://'],
  ['postgresql://me:hunter2@localhost:hunter2/sales', 'cannot be read'],
])('%s is refused as a database, without a word of it', async (database, message) => {
  const refusal = await openStore(database).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'InvalidConfig', message: expect.stringContaining(message) })
  expect(String(refusal)).not.toContain('hunter2')
})

test('The error for an unreachable database says what to check', async () => {
  const refusal = openStore('postgresql://me:hunter2@127.0.0.1:1/sales')
  await expect(refusal).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true, message: expect.stringContaining('check the URL') })
})
