import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { filesMatching } from './glob.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate (glob) [x]+'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const files = [
  'a.csv',
  'b.csv',
  'ab.csv',
  'a-b.csv',
  'a.b.csv',
  'A.csv',
  '.hidden.csv',
  'x(1).csv',
  'ä.csv',
  'in/a.csv',
  'in/b.tsv',
  'in/deep/a.csv',
  'in/deep/er/c.csv',
  'out/a.csv',
]
for (const file of files) {
  mkdirSync(join(folder, file, '..'), { recursive: true })
  writeFileSync(join(folder, file), '')
}

const here = async (pattern: string) => [...new Set((await filesMatching(pattern, folder)).map((path) => relative(folder, path)))].sort()

async function byNode(pattern: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of glob(pattern, { cwd: folder, withFileTypes: true }))
    if (!entry.isDirectory()) found.push(relative(folder, resolve(entry.parentPath, entry.name)))
  return [...new Set(found)].sort()
}

describe('a glob matches the same as in Node:', () => {
  test.each([
    '*',
    '*.csv',
    '?.csv',
    '??.csv',
    'a*.csv',
    '*b*.csv',
    '*.*.csv',
    '[ab].csv',
    '[!a].csv',
    '[^a].csv',
    '[a-b].csv',
    '[a-z]*.csv',
    '{a,b}.csv',
    '{a,in/a,out/{a,b}}.csv',
    '{in,out}/*.csv',
    '.*',
    '.h*d*.csv',
    '**',
    '**/*',
    '**/a.csv',
    'in/**/*.csv',
    'in/**',
    '**/deep/**/*.csv',
    '**/**/c.csv',
    '*/*/*.csv',
    './*.csv',
    'in/../*.csv',
    'x(*).csv',
    'ä*',
    '[ä].csv',
    'none*',
    'in/*',
    '*/',
    'a.{csv}*',
  ])('%s', async (pattern) => {
    expect(await here(pattern)).toEqual(await byNode(pattern))
  })

  test('an absolute glob, and one in a folder whose name has special characters', async () => {
    expect(await here(join(folder.replace('[x]', '[[]x]'), '*b.csv'))).toEqual(['a-b.csv', 'a.b.csv', 'ab.csv', 'b.csv'])
  })
})

test('Round brackets are ordinary characters', async () => {
  expect(await here('*(1).csv')).toEqual(['x(1).csv'])
})

test('A range of characters that ends before it begins is refused', async () => {
  await expect(filesMatching('[z-a].csv', folder)).rejects.toMatchObject({ code: 'InvalidPipeline', message: expect.stringContaining('[z-a]') })
})

test('A glob with exponential backtracking is decided at once', async () => {
  writeFileSync(join(folder, 'a'.repeat(200)), '')
  expect(await here('*a*a*a*a*a*a*a*a*a*b')).toEqual([])
  expect(await here('*a*a*a*a*a*a*a*a*a')).toEqual(['a'.repeat(200)])
})

test('Braces that expand to too many globs are refused', async () => {
  await expect(filesMatching('{a,b}'.repeat(20), folder)).rejects.toMatchObject({ code: 'InvalidPipeline', message: expect.stringContaining('more than 1000') })
})
