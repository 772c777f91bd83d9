// Runs the real command as a user does, and returns its output.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export const mainFile = join(import.meta.dirname, '../../cli/main.ts')

export type ProgramResult = { code: number; out: string; err: string }

type CommandSettings = {
  /** Set on top of the test's own environment. */
  environment?: NodeJS.ProcessEnv
  /** What Node is started with; the command's sources if not given. */
  file?: string
}

/** A folder to be in, and the command in it; gone when the test file is done. */
export function commandFolder({ environment = {}, file = mainFile }: CommandSettings = {}): {
  folder: string
  headgate: (...args: string[]) => Promise<ProgramResult>
} {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const settings = { cwd: folder, timeout: 50_000, env: { ...process.env, ...environment } }
  const headgate = (...args: string[]) =>
    new Promise<ProgramResult>((resolve) => {
      execFile(process.execPath, [file, ...args], settings, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
      })
    })
  return { folder, headgate }
}
