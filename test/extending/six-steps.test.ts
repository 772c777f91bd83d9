// docs/extending.md is correct: its files are added to a copy of the project, and its commands run there.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { copyOfProject } from '../support/project-copy.ts'

const tree = copyOfProject()
const page = tree.read('docs/extending.md')

/** A fenced block: a file to write, changes to a file, or commands. */
type Block = { language: string; file: string | undefined; text: string }

const sections = page.split(/^## /m).slice(1)
const steps = (section: string) => section.split(/^### /m).slice(1)

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)(?: file=(\S+))?\n(.*?)^```$/gms)].map(([, language = '', file, body = '']) => ({ language, file, text: body }))
}

function apply({ language, file, text }: Block & { file: string }): void {
  if (language !== 'diff') tree.write(file, text)
  for (const hunk of language === 'diff' ? text.split(/^@@\n/m) : []) {
    const lines = hunk.split('\n').slice(0, -1)
    const kept = (sign: string) =>
      lines
        .filter((line) => line[0] !== sign)
        .map((line) => line.slice(1))
        .join('\n')
    tree.replace(file, kept('+'), kept('-'))
  }
}

/** As a person would run it, in the project's folder, with the pinned Node first. */
function run(command: string): { status: number | null; said: string } {
  const path = [dirname(process.execPath), join(tree.folder, 'node_modules/.bin'), process.env.PATH].join(':')
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: tree.folder,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

test.each(sections.map((section) => [section.split('\n')[0], steps(section).map((step) => step.split('. ')[0])]))('%s has six steps', (_title, numbers) => {
  expect(numbers).toEqual(['1', '2', '3', '4', '5', '6'])
})

describe.each(sections.map((section) => [section.split('\n')[0], blocksOf(section)] as const))('%s', (_title, blocks) => {
  test('is added as the page says', () => {
    for (const block of blocks) if (block.file !== undefined) apply(block as Block & { file: string })
  })

  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'))
  test.each(commands)('%s', { timeout: 300_000 }, (command) => {
    const { status, said } = run(command)
    expect(status, said).toBe(0)
  })
})
