// The live progress bar of a local run. Only on a terminal; otherwise nothing is drawn.
import { Presets, SingleBar } from 'cli-progress'
import type { SliceProgress } from '../../runner/coordination/coordination.ts'
import { count } from '../output.ts'

export type ProgressBar = { update(progress: SliceProgress): void; stop(): void }

/** Draws on standard error. `bytes` returns the input's size once it is known. */
export function progressBar(label: string, bytes: () => Promise<number | undefined>, terminal: boolean): ProgressBar {
  if (!terminal) return { update: () => {}, stop: () => {} }
  const slices = new Map<number, SliceProgress>()
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage}% · {read} read · {quarantined} quarantined · {rate}/s`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  )
  const started = performance.now()
  let total: number | undefined
  bar.start(1, 0, { read: '0', quarantined: '0', rate: '–' })
  const sum = (of: (slice: SliceProgress) => number) => [...slices.values()].reduce((all, slice) => all + of(slice), 0)
  const draw = () => {
    const read = sum((slice) => slice.read)
    const earlier = sum((slice) => slice.earlier ?? 0)
    const rate = Math.round((read - earlier) / ((performance.now() - started) / 1000))
    const done =
      total === undefined
        ? 0
        : Math.min(
            total,
            sum((slice) => slice.bytes),
          )
    bar.update(done, { read: count(read), quarantined: count(sum((slice) => slice.quarantined)), rate: count(rate) })
  }
  // The input's size is known once the run is planned, which is before anything was read.
  const measure = async () => {
    total = await bytes()
    if (total !== undefined) bar.setTotal(Math.max(1, total))
    draw()
  }
  const update = (progress: SliceProgress) => {
    slices.set(progress.slice, progress)
    if (total === undefined) measure().catch(() => {})
    else draw()
  }
  return { update, stop: () => bar.stop() }
}
