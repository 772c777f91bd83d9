import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { readCsv, valuesOf } from '../../test/support/csv.ts'

const text = 'name,city\nJürgen,"Köln, ""am Rhein"""\nZoë,Łódź\n'
const values = [
  ['Jürgen', 'Köln, "am Rhein"'],
  ['Zoë', 'Łódź'],
]
const bom = '\ufeff'

describe('reads', () => {
  test.each([
    ['utf-8', text, undefined],
    ['utf-8', bom + text, undefined],
    ['utf-8', bom + text, 'latin1'],
    ['utf-16le', text, 'utf-16le'],
    ['utf-16be', text, 'UTF-16BE'],
    ['utf-16le', bom + text, undefined],
    ['utf-16be', bom + text, 'utf-8'],
    ['utf-32le', bom + text, undefined],
    ['utf-32be', bom + text, undefined],
    ['windows-1250', text.replaceAll('ë', 'ę'), 'cp1250'],
  ])('%s: %j declared as %s', async (encoding, content, declared) => {
    const bytes = iconv.encode(content, encoding)
    const expected = content.includes('ę') ? [values[0], ['Zoę', 'Łódź']] : values
    for (const blockBytes of [1, 7, 1 << 20]) {
      expect(await valuesOf(bytes, { ...(declared !== undefined && { encoding: declared }) }, { blockBytes, chunkBytes: blockBytes })).toEqual(expected)
    }
  })

  test.each([
    ['latin1', ';', 'é;ü\nñ;"ß;"\n', [['ñ', 'ß;']]],
    ['latin1', '§', 'é§ü\nñ§ß\n', [['ñ', 'ß']]],
    ['cp949', ',', '이름,도시\n"김, ""철수""",서울\n', [['김, "철수"', '서울']]],
    ['shift_jis', ',', '名前,表\nソ,"能,"\n', [['ソ', '能,']]],
    ['shift_jis', '|', '名前|表\nソ|ポ\n', [['ソ', 'ポ']]],
    ['gb18030', '|', '姓名|城市\n張|𠮷\n', [['張', '𠮷']]],
    ['big5', '\\', '名\\市\n功\\許\n', [['功', '許']]],
    ['utf-7', ',', 'ä,b\n1,ü\n', [['1', 'ü']]],
  ])('%s with %s between fields', async (encoding, delimiter, content, expected) => {
    expect(await valuesOf(iconv.encode(content, encoding), { encoding, delimiter })).toEqual(expected)
  })
})

test('raw is the exact bytes of the source', async () => {
  for (const encoding of ['utf-16le', 'utf-16be', 'utf-32le', 'latin1', 'shift_jis']) {
    const bytes = iconv.encode(
      'a|b\nü表|2\n3\n'.replace('ü', encoding === 'shift_jis' ? 'ソ' : 'ü').replace('表', encoding === 'latin1' ? 'é' : '表'),
      encoding,
    )
    const { records } = await readCsv(bytes, { encoding, delimiter: '|' })
    for (const { raw } of records) expect(bytes.includes(Buffer.from(raw, 'latin1'))).toBe(true)
    expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.columns'])
  }
})

test('undecodable bytes are an error of their record, which keeps them', async () => {
  const cases: [string, Buffer][] = [
    ['utf-8', Buffer.from('a,b\n1,\xff\n3,4\n', 'latin1')],
    ['utf-8', Buffer.from('a,b\n1,\xed\xa0\x80\n3,4\n', 'latin1')],
    ['cp949', Buffer.from('a,b\n1,\xff\xff\n3,4\n', 'latin1')],
    ['windows-1252', Buffer.from('a,b\n1,\x81\n3,4\n', 'latin1')],
    ['utf-16le', Buffer.from('a,b\n1,\ud800\n3,4\n', 'utf16le')],
    ['utf-32le', Buffer.concat([iconv.encode('a,b\n1,', 'utf-32le'), Buffer.from([0, 0, 255, 255]), iconv.encode('\n3,4\n', 'utf-32le')])],
  ]
  for (const [encoding, bytes] of cases) {
    const { records } = await readCsv(bytes, { encoding })
    expect([encoding, ...records.map(({ problem }) => problem)]).toEqual([encoding, 'encoding.invalid', undefined])
    if (encoding !== 'utf-32le') expect(bytes.includes(Buffer.from(records[0]?.raw ?? '', 'latin1'))).toBe(true)
  }
})

test('UTF-16 with half a character at its end', async () => {
  const bytes = Buffer.concat([Buffer.from('a,b\n1,2\n3,4', 'utf16le'), Buffer.of(0x20)])
  expect(await valuesOf(bytes, { encoding: 'utf-16le' })).toEqual([['1', '2'], 'encoding.invalid'])
})

test('any UTF-16 is converted back to its own bytes', async () => {
  const unit = fc.constantFrom('a', ',', 'é', '表', '\ud83d\ude00', '\ud83d', '\ude00')
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { minLength: 1 }), fc.integer({ min: 1, max: 9 }), async (units, chunkBytes) => {
      const line = Buffer.from(units.join(''), 'utf16le')
      const { records } = await readCsv(line, { encoding: 'utf-16le', header: false, compression: 'none' }, { declared: ['x'], chunkBytes })
      expect(records[0]?.raw).toBe(line.toString('latin1'))
    }),
  )
})
