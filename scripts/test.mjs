// npm test: vitest, then totals as the very last line, whatever happened before. Arguments go to vitest.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'headgate-totals-'))
const file = join(folder, 'totals.json')
const child = spawn('vitest', ['run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, HEADGATE_TEST_TOTALS: file },
})
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill(name))
child.once('error', (error) => finish(error.message))
child.once('close', (code) => finish(code))

function finish(code) {
  const totals = readTotals()
  rmSync(folder, { recursive: true, force: true })
  // A failure outside any test (a leak, a crash, an interrupt) must show in the totals too.
  if (code !== 0 && totals.failed === 0) totals.failed = 1
  process.exitCode = totals.failed === 0 ? 0 : 1
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
}

function readTotals() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
