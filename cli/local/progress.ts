// The live progress bar of a local run. Only on a terminal; otherwise nothing is drawn.
import { Presets, SingleBar } from 'cli-progress'
import type { SliceProgress } from '../../runner/checkpoints/checkpoints.ts'
import { count } from '../output.ts'

export type ProgressBar = { update(progress: SliceProgress): void; stop(): void }

/** Draws on standard error. `bytes` tells the input's size when it is known. */
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
  bar.start(1, 0, { read: '0', quarantined: '0', rate: '–' })
  void bytes()
    .then((total) => bar.setTotal(Math.max(1, total ?? 1)))
    .catch(() => {})
  const update = (progress: SliceProgress) => {
    slices.set(progress.slice, progress)
    const sum = (of: (slice: SliceProgress) => number) => [...slices.values()].reduce((total, slice) => total + of(slice), 0)
    const read = sum((slice) => slice.read)
    const rate = Math.round(read / ((performance.now() - started) / 1000))
    bar.update(
      Math.min(
        sum((slice) => slice.bytes),
        bar.getTotal(),
      ),
      { read: count(read), quarantined: count(sum((slice) => slice.quarantined)), rate: count(rate) },
    )
  }
  return { update, stop: () => bar.stop() }
}
