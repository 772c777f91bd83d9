// Installs DuckDB and Sling from PyPI into a virtual environment of their own, kept for the next time.
import { execFile } from 'node:child_process'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const packages = ['duckdb==1.5.5', 'duckdb-extension-postgres-scanner==1.5.5', 'sling-linux-amd64==1.4.11']

/** Absolute paths of the two programs, and the folder they are in. */
export type Peers = { folder: string; python: string; sling: string; versions: string }

/** Throws an Error that names what is missing, and the command that installs it. */
export async function installPeers(cache: string, signal: AbortSignal): Promise<Peers> {
  const folder = join(cache, 'peers-1')
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'installed')
  if (!(await exists(done))) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(cache, { recursive: true })
    await step('apt-get install python3-venv', 'python3', ['-m', 'venv', folder], signal)
    await step(
      `${python} -m pip install ${packages.join(' ')}`,
      python,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages],
      signal,
    )
    await writeFile(done, packages.join('\n'))
  }
  const { stdout } = await run(python, ['-c', 'import sling_linux_amd64; print(sling_linux_amd64.SLING_BIN)'], { signal })
  return { folder, python, sling: stdout.trim(), versions: packages.map((name) => name.replace('==', ' ')).join(', ') }
}

async function step(help: string, file: string, values: string[], signal: AbortSignal): Promise<void> {
  try {
    await run(file, values, { signal, timeout: 300_000 })
  } catch (error) {
    throw new Error(`${(error as Error).message.trim().split('\n').slice(0, 3).join(' ')}\nTo enable it: ${help}`)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
