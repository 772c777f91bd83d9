import { describe, expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { sampleRun } from '../../../sdk/conformance/check.ts'
import { contentOf, valuesOf } from '../../../test/support/csv.ts'
import { CsvFormat } from './format.ts'

type Case = { what: string; config: CsvConfig; input: string; values: unknown[]; declared?: string[] }

const cases: Case[] = [
  { what: 'commas, by default', config: {}, input: 'a,b\n1,2\n', values: [['1', '2']] },
  {
    what: 'no final newline',
    config: {},
    input: 'a,b\n1,2\n3,4',
    values: [
      ['1', '2'],
      ['3', '4'],
    ],
  },
  {
    what: 'LF, CRLF and CR in one file',
    config: {},
    input: 'a,b\r1,2\n3,4\r\n5,6\r7,8',
    values: [
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
      ['7', '8'],
    ],
  },
  { what: 'another line end than declared', config: { recordDelimiter: '\r\n' }, input: 'a,b\n1,2\n', values: [['1', '2']] },
  {
    what: 'a declared record delimiter and line feeds',
    config: { recordDelimiter: '|;|' },
    input: 'a,b\n1,2|;|3,4\n5,"|;|"',
    values: [
      ['1', '2'],
      ['3', '4'],
      ['5', '|;|'],
    ],
  },
  { what: 'quoted delimiters, quotes and line ends', config: {}, input: 'a,b\n"1,""x""","2\r\n3"\n', values: [['1,"x"', '2\r\n3']] },
  { what: 'tabs', config: { delimiter: '\t' }, input: 'a\tb\n1 \t 2\n', values: [['1 ', ' 2']] },
  { what: 'spaces', config: { delimiter: ' ' }, input: 'a b\n1 "x y"\n', values: [['1', 'x y']] },
  { what: 'a delimiter of two characters', config: { delimiter: '||' }, input: 'a||b\n1|x||"2||3"\n', values: [['1|x', '2||3']] },
  { what: 'a delimiter outside ASCII', config: { delimiter: '§' }, input: 'a§b\n1§"2§"\n', values: [['1', '2§']] },
  { what: 'a quote outside ASCII', config: { quote: '»' }, input: 'a,b\n»1,»»»,2\n', values: [['1,»', '2']] },
  { what: 'apostrophes as quotes', config: { quote: "'" }, input: "a,b\n'1,''',\"\n", values: [["1,'", '"']] },
  { what: 'no quotes', config: { quote: '' }, input: 'a,b\n"1,2"\n', values: [['"1', '2"']] },
  { what: 'an escape of its own', config: { escape: '\\' }, input: 'a,b\n"1\\"\\\\","C:\\dir"\n', values: [['1"\\', 'C:\\dir']] },
  { what: 'no escape', config: { escape: '' }, input: 'a,b\n"1,","2"\n"x""y",3\n4,5\n', values: [['1,', '2'], 'csv.quote', ['4', '5']] },
  { what: 'comments', config: { comment: '#' }, input: '# made "today\na,b\n#,"\n1,#2\n', values: [['1', '#2']] },
  { what: 'no header', config: { header: false }, declared: ['x', 'y'], input: '1,2\n', values: [['1', '2']] },
  { what: 'lines before the header, quotes in them', config: { skipLines: 2 }, input: 'report "x\n\na,b\n1,2\n', values: [['1', '2']] },
  {
    what: 'lines at the end',
    config: { skipFooterLines: 2 },
    input: 'a,b\n1,2\n3,4\nsum,"6\nend\n',
    values: [
      ['1', '2'],
      ['3', '4'],
    ],
  },
  {
    what: 'blank lines',
    config: {},
    input: '\n\na,b\n\r\n1,2\n\n\n\r\r3,4\n\n',
    values: [
      ['1', '2'],
      ['3', '4'],
    ],
  },
  { what: 'null and empty text', config: {}, input: 'a,b\n,""\n', values: [[null, '']] },
  { what: 'quoted empty as null', config: { quotedEmpty: 'null' }, input: 'a,b\n,""\n', values: [[null, null]] },
  { what: 'null tokens, unquoted only', config: { nullTokens: ['NA', '\\N'] }, input: 'a,b,c,d\nNA,\\N,"NA",\n', values: [[null, null, 'NA', '']] },
  {
    what: 'trimmed values',
    config: { trim: true },
    input: 'a, b\n 1\t, " 2 " \n  ,3 4\n',
    values: [
      ['1', ' 2 '],
      [null, '3 4'],
    ],
  },
  { what: 'untrimmed quotes as malformed', config: {}, input: 'a,b\n1, "2"\n3,4\n', values: ['csv.quote', ['3', '4']] },
  { what: 'short and long records, rejected', config: {}, input: 'a,b\n1\n1,2,3\n1,2\n', values: ['csv.columns', 'csv.columns', ['1', '2']] },
  { what: 'short records, padded', config: { ragged: 'pad' }, input: 'a,b\n1\n1,2,3\n', values: [['1', null], 'csv.columns'] },
  { what: 'long records, cut', config: { ragged: 'truncate' }, input: 'a,b\n1\n1,2,3\n', values: ['csv.columns', ['1', '2']] },
  {
    what: 'both, adapted',
    config: { ragged: 'adapt' },
    input: 'a,b\n1\n1,2,3\n',
    values: [
      ['1', null],
      ['1', '2'],
    ],
  },
  { what: 'a footer with blank lines behind it', config: { skipFooterLines: 1 }, input: 'a,b\n1,2\nTOTAL,2\n\n\r\n', values: [['1', '2']] },
  { what: 'a bare quote', config: {}, input: 'a,b\n5" disk,2\n3,4\n', values: ['csv.quote', ['3', '4']] },
  { what: 'text after a closing quote, lines later', config: {}, input: 'a,b\n"x\ny"z,2\n3,4\n', values: ['csv.unterminated', 'csv.quote', ['3', '4']] },
  { what: 'a quote never closed', config: {}, input: 'a,b\n"x,2\n3,4\n5,6\n', values: ['csv.unterminated', ['3', '4'], ['5', '6']] },
  { what: 'NUL bytes', config: {}, input: 'a,b\n\0,"\0"\n', values: [['\0', '\0']] },
]

describe('a dialect may have', () => {
  for (const blockBytes of [1, 3, 1 << 20]) {
    test.each(cases)(`$what (blocks of ${blockBytes})`, async ({ config, input, values, declared }) => {
      expect(await valuesOf(input, config, { blockBytes, ...(declared && { declared }) })).toEqual(values)
    })
  }
})

test.each([
  [{ delimiter: '"' }, /must differ/],
  [{ delimiter: '\n' }, /line end/],
  [{ delimiter: '|', recordDelimiter: '|' }, /the same/],
  [{ delimiter: ';', escape: ';' }, /escape/],
  [{ encoding: 'latin-11' }, /not a known encoding.*did you mean/],
] as [CsvConfig, RegExp][])('a dialect that contradicts itself is refused: %j', async (config, message) => {
  await expect(valuesOf('a,b\n1,2\n', config)).rejects.toMatchObject({ code: 'InvalidConfig', message: expect.stringMatching(message) })
})

test('surplus values that are dropped are reported, unless they are empty', async () => {
  const lines = ['1,2', '3,4,', '5,6,"", ', '7,8,9', '10,11,,"x"', '12']
  for (const ragged of ['truncate', 'adapt'] as const) {
    const content = contentOf(Buffer.from(`a,b\n${lines.join('\n')}\n`))
    for await (const batch of new CsvFormat({ ragged }, []).read(content, { start: 0, end: null }, undefined, sampleRun({ batchSize: 100 }))) {
      const codes = lines.map((_line, index) => batch.problem(index)?.code ?? batch.warning?.(index)?.code)
      expect(codes).toEqual([undefined, undefined, undefined, 'csv.surplus', 'csv.surplus', ragged === 'adapt' ? undefined : 'csv.columns'])
    }
  }
})
