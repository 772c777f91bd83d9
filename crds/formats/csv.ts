// The format `csv`: delimited text. Its code is in runner/formats/csv.
import Type, { type Static } from 'typebox'
import type { Kind } from '../kinds.ts'
import { character, closed, oneOf, text } from '../shapes.ts'
import { textBytes } from './text.ts'

const structure = {
  delimiter: Type.Optional(text('What stands between fields, one or more characters; auto finds it out. Default: a comma.', 8)),
  quote: Type.Optional(character('Quote character; empty for none. Default: ".')),
  escape: Type.Optional(
    character('What makes a quote inside quotes literal: the quote itself, another character, or empty for nothing. Default: the quote itself.'),
  ),
  comment: Type.Optional(text('Lines that begin with this are skipped. Default: none.', 8)),
  recordDelimiter: Type.Optional(text('What ends a record, if it is none of LF, CRLF, CR, which are all understood without being declared.', 8)),
  header: Type.Optional(
    Type.Unsafe<boolean | number>({
      anyOf: [{ type: 'boolean' }, { type: 'integer', minimum: 0, maximum: 16 }],
      'x-kubernetes-preserve-unknown-fields': true,
      description:
        'Number of header lines, at most 16 (true is 1, false 0); several are joined with a space, column by column. Without one ' +
        'the declared fields name the columns in order. Default: true.',
    }),
  ),
  skipLines: Type.Optional(Type.Integer({ minimum: 0, maximum: 10000, description: 'Physical lines to skip before the header. Default: 0.' })),
  skipFooterLines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, description: 'Physical lines to skip at the end. Default: 0.' })),
  ragged: Type.Optional(
    oneOf(
      ['reject', 'pad', 'truncate', 'adapt'],
      'Records with another number of fields: reject quarantines them; pad fills short ones with null; truncate cuts long ones; ' +
        'adapt does both. Default: reject.',
    ),
  ),
}

const values = {
  nullTokens: Type.Optional(
    Type.Array(Type.String({ maxLength: 64 }), {
      maxItems: 32,
      'x-kubernetes-list-type': 'set',
      description: 'Unquoted words that mean null. Default: the empty one.',
    }),
  ),
  quotedEmpty: Type.Optional(oneOf(['text', 'null'], 'What "" in quotes is: an empty text or null. Default: text.')),
  trim: Type.Optional(Type.Boolean({ description: 'Whether spaces and tabs around unquoted values are dropped. Default: false.' })),
}

const Csv = Type.Object({ ...structure, ...values, ...textBytes }, closed('Delimited text.'))

export type CsvFormat = Static<typeof Csv>

export const csv: Kind<typeof Csv> = { config: Csv }
