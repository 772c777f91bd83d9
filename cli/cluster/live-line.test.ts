import { expect, test } from 'vitest'
import { liveLine } from './live-line.ts'
import type { RunObject } from './resources.ts'

function run(read: number, phase: 'Starting' | 'Running' = 'Running'): RunObject {
  const records = { read, loaded: read, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 }
  return { metadata: { name: 'a' }, spec: {}, status: { phase, records } } as unknown as RunObject
}

test('On a terminal one line is redrawn, no wider than it', () => {
  let written = ''
  const line = liveLine({ isTTY: true, columns: 20, write: (text) => (written += text) }, () => 0)
  line.show(run(1))
  line.clear()
  expect(written).toBe('\r\u001b[Ka  Running  1 read \r\u001b[K')
})

test('Elsewhere a new phase is printed at once, and counts every ten seconds', () => {
  const written: string[] = []
  let now = 0
  const line = liveLine({ isTTY: false, write: (text) => written.push(text) }, () => now)
  line.show(run(0, 'Starting'))
  line.show(run(1))
  line.show(run(2))
  now = 10_000
  line.show(run(3))
  expect(written.map((text) => text.slice(0, 21))).toEqual(['a  Starting  0 read ·', 'a  Running  1 read · ', 'a  Running  3 read · '])
})
