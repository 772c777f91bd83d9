import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readCsv } from '../../test/support/csv.ts'

test.each([
  ['a zip archive', Buffer.from('PK\x03\x04\x14\0\x08\0orders.csv', 'latin1')],
  ['a PDF document', Buffer.from('%PDF-1.7\n1 0 obj\n')],
  ['a bzip2 file', Buffer.from('BZh91AY&SY\xc0', 'latin1')],
  ['an xz file', Buffer.from('\xfd7zXZ\0\0', 'latin1')],
  ['an old Excel', Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0', 'latin1')],
  ['a web page', Buffer.from('\n<!DOCTYPE html>\n<title>503</title>\n')],
  ['a web page', Buffer.from('<html><body>503 Service Unavailable</body></html>')],
  ['a gzip file', gzipSync(gzipSync('a,b\n1,2\n'))],
  ['a PNG image', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
])('%s is refused by its first bytes, with and without a header', async (what, bytes) => {
  for (const config of [{ encoding: 'latin1' }, { encoding: 'latin1', header: false }]) {
    const reading = readCsv(bytes, config, { declared: ['a'] })
    await expect(reading).rejects.toMatchObject({ code: 'ForeignFormat', message: expect.stringContaining(`feed.csv is ${what}`) })
  }
})

test('text that only resembles a binary format is read', async () => {
  for (const header of ['PK,x', 'BZh9,x', '<htmlish>,x', 'PAR,x']) expect((await readCsv(`${header}\n1,2\n`)).records).toHaveLength(1)
})
