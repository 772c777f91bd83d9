import { chmod, lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareDirectory } from './directory.ts'
import { copyBinaries, isReachable } from './reachable.ts'
import { serverUser } from './user.ts'

const nobody = { uid: 65534, gid: 65534 }
const leftovers: string[] = []
let base: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'headgate-reachable-'))
  await mkdir(join(base, 'home', 'project'), { recursive: true })
  leftovers.push(base)
})

afterEach(async () => {
  for (const path of leftovers.splice(0)) await rm(path, { recursive: true, force: true })
})

test.each([
  [0o755, 0o755, true],
  [0o755, 0o700, false],
  [0o700, 0o755, false],
  [0o711, 0o711, true],
])('With modes %o above and %o below, another user gets through: %s', async (above, below, expected) => {
  await chmod(base, above)
  await chmod(join(base, 'home'), below)
  expect(await isReachable(join(base, 'home'), { uid: 12345, gid: 12345 })).toBe(expected)
})

test('A data directory that the server user cannot enter is linked to an accessible place, and reused', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root drops to another user; sudo npm test runs it')
  const wanted = join(base, 'home', 'project', 'data')
  const place = await prepareDirectory(wanted, nobody)
  leftovers.push(place)
  expect(await isReachable(place, nobody)).toBe(true)
  expect((await lstat(wanted)).isSymbolicLink()).toBe(true)
  expect(await prepareDirectory(wanted, nobody)).toBe(place)
})

test('Existing data that the server user cannot enter is left in place, and the error says what to do', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root drops to another user; sudo npm test runs it')
  await writeFile(join(base, 'home', 'project', 'something'), '')
  await expect(prepareDirectory(join(base, 'home', 'project'), nobody)).rejects.toThrow(/HEADGATE_HOME/)
})

test('Binaries are copied once to a place where every user can run them', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root drops to another user; sudo npm test runs it')
  const binary = join(base, 'home', 'project', 'postgres')
  await writeFile(binary, '', { mode: 0o755 })
  const version = `test-${process.pid}`
  const copy = await copyBinaries(join(base, 'home', 'project'), version, nobody)
  leftovers.push(copy)
  expect(await isReachable(join(copy, 'postgres'), nobody)).toBe(true)
  expect(await copyBinaries(join(base, 'home', 'project'), version, nobody)).toBe(copy)
})

test.each([
  ['an ordinary user', 1000, 'root:x:0:0::/root:/bin/sh\n', undefined],
  ['root', 0, 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n', { uid: 65534, gid: 65533 }],
])('For %s the server runs as the right user', async (_who, uid, accounts, expected) => {
  const file = join(base, 'passwd')
  await writeFile(file, accounts)
  expect(serverUser(uid, file)).toEqual(expected)
})

test('The error for root without a user nobody says what to do', async () => {
  await writeFile(join(base, 'passwd'), 'root:x:0:0::/root:/bin/sh\n')
  expect(() => serverUser(0, join(base, 'passwd'))).toThrow(/--database/)
})
