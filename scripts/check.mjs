// npm run check: types, lint and format, dead code. All of them run even if one fails.
import { spawnSync } from 'node:child_process'

const CHECKS = [
  ['tsc', '-p', '.'],
  ['biome', 'check', '--error-on-warnings'],
  ['knip', '--no-progress'],
  // What only tests use is dead, too.
  ['knip', '--no-progress', '--production'],
]

const failed = CHECKS.filter(([program, ...args]) => {
  process.stdout.write(`\n${[program, ...args].join(' ')}\n`)
  return spawnSync(program, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status !== 0
})
process.stdout.write(failed.length === 0 ? '\nall checks passed\n' : `\nfailed: ${failed.map((command) => command.join(' ')).join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
