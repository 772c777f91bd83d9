// Runs the real command as a newcomer would and answers what it printed.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export const mainFile = join(import.meta.dirname, '../../cli/main.ts')

export type Said = { code: number; out: string; err: string }

/** A folder to be in, and the command in it; gone when the test file is done. */
export function commandFolder(): { folder: string; headgate: (...args: string[]) => Promise<Said> } {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const headgate = (...args: string[]) =>
    new Promise<Said>((resolve) => {
      execFile(process.execPath, [mainFile, ...args], { cwd: folder, timeout: 50_000 }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
      })
    })
  return { folder, headgate }
}
