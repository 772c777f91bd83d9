// Measures every scenario once per round, one after the other, and checks what each left in its table.
import { readReport, type StageTimings } from './contestants/headgate.ts'
import type { BenchDatabase } from './database.ts'
import type { Order } from './generate.ts'
import { type Limits, measure } from './measure.ts'
import type { ProcessUse } from './process-tree.ts'
import type { Contents, Step } from './scenarios.ts'

export type Measurement = {
  step: Pick<Step, 'name' | 'contestant' | 'processes' | 'base' | 'isBase' | 'target'>
  order: Order
  round: number
  seconds: number
  uses: ProcessUse[]
  /** CPU time of PostgreSQL meanwhile. */
  serverSeconds: number
  /** Of Headgate. */
  report?: { seconds: number; timings: StageTimings }
  failure?: string
}

export type Bench = {
  database: BenchDatabase
  /** What psql's table holds after loading the same file. */
  expected: Record<Contents, string>
  limits: Limits
  tell(line: string): void
}

/** One round in one order. Each round begins with another group, so that no contestant always follows the same one. */
export async function round(bench: Bench, groups: readonly Step[][], order: Order, number: number): Promise<Measurement[]> {
  const first = ((number - 1) * 5) % Math.max(1, groups.length)
  const measurements: Measurement[] = []
  for (const group of [...groups.slice(first), ...groups.slice(0, first)]) {
    for (const step of group) {
      const measurement = await one(bench, step, order, number)
      measurements.push(measurement)
      bench.tell(line(measurement))
      if (measurement.failure !== undefined) break
    }
    await bench.database.prepare([...new Set(group.map((step) => `DROP TABLE IF EXISTS ${step.table}`))])
  }
  return measurements
}

async function one(bench: Bench, step: Step, order: Order, number: number): Promise<Measurement> {
  const kept = { step, order, round: number }
  try {
    await bench.database.prepare(step.setUp)
    const command = await step.command(`bench-${process.pid}-${performance.now().toFixed(0)}`)
    const before = bench.database.cpuSeconds()
    const { seconds, uses, output } = await measure(command, bench.limits)
    const serverSeconds = bench.database.cpuSeconds() - before
    await check(bench, step)
    return { ...kept, seconds, uses, serverSeconds, ...(step.contestant === 'headgate' && { report: readReport(output) }) }
  } catch (error) {
    bench.limits.signal.throwIfAborted()
    return { ...kept, seconds: Number.NaN, uses: [], serverSeconds: Number.NaN, failure: (error as Error).message }
  }
}

/** A fast wrong result must not pass. */
async function check({ database, expected }: Bench, step: Step): Promise<void> {
  const found = await database.contents(step.table)
  const wanted = expected[step.contents]
  const same = step.ownTypes === true ? found.split(',')[0] === wanted.split(',')[0] : found === wanted
  if (!same) throw new Error(`the table holds ${found}, but psql loaded ${wanted}`)
}

function line({ step, order, round: number, seconds, uses, serverSeconds, report, failure }: Measurement): string {
  const stages =
    report === undefined
      ? ''
      : `  ${Object.entries(report.timings)
          .map(([stage, spent]) => `${stage} ${(spent / 1000).toFixed(1)}`)
          .join(', ')}`
  const took =
    failure === undefined
      ? `${seconds.toFixed(2)} s  (CPU ${sum(uses.map((use) => use.cpuSeconds)).toFixed(1)} + server ${serverSeconds.toFixed(1)})${stages}`
      : `FAILED ${failure}`
  return `round ${number}  ${order.padEnd(6)}  ${`${step.name} (${step.processes})`.padEnd(40)}  ${took}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
