import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

const script = `
  const { fieldTypes } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
  const read = (type, zone) => fieldTypes[type].parser({ name: 'f', type, ...(zone && { zone }) })
  console.log(JSON.stringify([
    ...['1900-01-01', '1970-01-01', '2024-03-31', '2024-02-30'].map(read('date')),
    ...['2024-03-31T02:30:00Z', '2024-11-03T01:30:00-05:00'].map(read('timestamp')),
    ...['2024-03-31 03:00:00', '2024-10-27 02:30:00', '2024-03-31 02:30:00'].map(read('timestamp', 'Europe/Berlin')),
  ]))`

it('dates and timestamps do not depend on the zone of the machine', () => {
  const read = (zone: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, TZ: zone, NODE_OPTIONS: '' }, encoding: 'utf8' })
  const expected = [
    '1900-01-01',
    '1970-01-01',
    '2024-03-31',
    { code: 'type.date', message: 'is not a day of the calendar' },
    '2024-03-31 02:30:00+00',
    '2024-11-03 06:30:00+00',
    '2024-03-31 01:00:00+00',
    '2024-10-27 00:30:00+00',
    { code: 'type.timestamp.zone', message: 'does not exist in the declared zone: clocks were put forward over it' },
  ]
  for (const zone of ['UTC', 'America/New_York', 'Pacific/Apia', 'Europe/Berlin']) expect(JSON.parse(read(zone)), zone).toEqual(expected)
})
