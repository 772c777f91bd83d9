// A copy of the project in which a test adds what it likes.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

export const project = join(import.meta.dirname, '../..')

export type Tree = {
  folder: string
  read(file: string): string
  write(file: string, content: string): void
  /** Replaces text that is in the file exactly once. */
  replace(file: string, find: string, replacement: string): void
}

/** Copies what is tracked, or would be. Call at the test file's top level. */
export function copyOfProject(): Tree {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-extended-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = execFileSync('git', list, { cwd: project, encoding: 'utf8' }).split('\0')
  for (const file of files) if (file !== '') cpSync(join(project, file), join(folder, file))
  linkModules(folder)
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const write = (file: string, content: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), content)
  }
  return {
    folder,
    read,
    write,
    replace(file, find, replacement) {
      const [before, after, ...more] = read(file).split(find)
      if (before === undefined || after === undefined || more.length > 0) throw new Error(`${file} does not have exactly once: ${find}`)
      write(file, before + replacement + after)
    },
  }
}

/** All packages are the project's; the command `headgate` is the copy's own. */
function linkModules(folder: string): void {
  for (const part of ['node_modules', 'node_modules/.bin']) {
    mkdirSync(join(folder, part))
    for (const entry of readdirSync(join(project, part))) {
      if (entry !== '.bin' && entry !== 'headgate') symlinkSync(join(project, part, entry), join(folder, part, entry))
    }
  }
  symlinkSync('../../bin/headgate.mjs', join(folder, 'node_modules/.bin/headgate'))
}
