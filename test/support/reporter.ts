// At the end of a test run: what was skipped, why, and how to have it run; and the totals for scripts/test.mjs.
// A test that cannot run here says so with `context.skip('psql is missing; apt-get install postgresql-client enables it')`.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

type Totals = { passed: number; failed: number; skipped: number }

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const skipped = tests.filter((test) => test.result().state === 'skipped')
    if (skipped.length > 0) process.stdout.write(`\nSkipped, and what would enable it:\n${skipped.map(describe).join('\n')}\n`)
    const file = process.env.HEADGATE_TEST_TOTALS
    if (file !== undefined) writeFileSync(file, JSON.stringify(totals(modules, tests, unhandledErrors.length)))
  }
}

function describe(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return `  ${test.module.relativeModuleId} > ${test.fullName}\n    ${note ?? 'no reason given: use context.skip(reason)'}`
}

/** A module that failed outside its tests (an import, a hook) and an error outside all modules count as one failure each. */
function totals(modules: readonly TestModule[], tests: readonly TestCase[], unhandledErrors: number): Totals {
  const count = (state: string): number => tests.filter((test) => test.result().state === state).length
  const broken = modules.filter((module) => module.state() === 'failed' && ![...module.children.allTests('failed')].length).length
  return { passed: count('passed'), failed: count('failed') + broken + unhandledErrors, skipped: count('skipped') }
}
