// Medians, and the ratios that a result is judged by. Called by the report.
import type { Measurement } from './rounds.ts'

/** Everything measured of one scenario, order and number of processes. */
export type Result = {
  step: Measurement['step']
  order: Measurement['order']
  seconds: Spread
  /** Of Headgate: the run without the start of the process. */
  runSeconds: number | undefined
  /** The base's time divided by this one's, round by round; undefined if every round failed. */
  ratio: Spread
  baseSeconds: number
  /** The most memory of the first process, and of each that it started, largest first. */
  peakBytes: number[]
  /** CPU time of the command's processes, and of PostgreSQL meanwhile; medians. */
  cpuSeconds: { own: number; server: number }
  failures: string[]
}

export type Spread = { median: number; least: number; most: number }

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export function results(measurements: readonly Measurement[]): Result[] {
  const same = Map.groupBy(measurements, ({ step, order }) => JSON.stringify([step.name, order, step.processes]))
  return [...same.values()].map((all) => result(all, measurements))
}

function result(all: readonly Measurement[], measurements: readonly Measurement[]): Result {
  const { step, order } = all[0] as Measurement
  const good = all.filter((one) => one.failure === undefined)
  const bases = good.map((one) => baseOf(one, measurements))
  return {
    step,
    order,
    seconds: spread(good.map((one) => one.seconds)),
    runSeconds: good.some((one) => one.report !== undefined) ? median(good.flatMap((one) => one.report?.seconds ?? [])) : undefined,
    ratio: spread(good.map((one, index) => (bases[index] as number) / one.seconds)),
    baseSeconds: median(bases),
    peakBytes: peaks(good),
    cpuSeconds: {
      own: median(good.map((one) => one.uses.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0))),
      server: median(good.map((one) => one.serverSeconds)),
    },
    failures: all.flatMap((one) => one.failure ?? []),
  }
}

/** Mean of the base's measurements in the same round and order. */
function baseOf(one: Measurement, measurements: readonly Measurement[]): number {
  const bases = measurements.filter(
    ({ step, order, round, failure }) =>
      step.isBase === true && step.base === one.step.base && order === one.order && round === one.round && failure === undefined,
  )
  return bases.reduce((sum, { seconds }) => sum + seconds, 0) / bases.length
}

function peaks(good: readonly Measurement[]): number[] {
  const parents = Math.max(0, ...good.map((one) => one.uses[0]?.peakBytes ?? 0))
  const others = good.map((one) =>
    one.uses
      .slice(1)
      .map(({ peakBytes }) => peakBytes)
      .sort((a, b) => b - a),
  )
  const count = Math.max(0, ...others.map((list) => list.length))
  return [parents, ...Array.from({ length: count }, (_, place) => Math.max(...others.map((list) => list[place] ?? 0)))]
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}
