// refuseForeign: recognises binary files and web pages by their first bytes. Called before an input is framed.
import { HeadgateError } from '../../sdk/index.ts'

/** First bytes, in Latin-1. None of them occurs at the start of delivered text. */
const signatures: readonly (readonly [what: string, ...beginnings: string[]])[] = [
  ['a zip archive, perhaps an Excel workbook', 'PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'],
  ['an old Excel or Word file', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['a PDF document', '%PDF-'],
  ['an xz file', '\xfd7zXZ\0'],
  ['a 7z archive', '7z\xbc\xaf\x27\x1c'],
  ['a rar archive', 'Rar!\x1a\x07'],
  ['a gzip file', '\x1f\x8b\x08'],
  ['a zstd file', '\x28\xb5\x2f\xfd'],
  ['a Parquet file', 'PAR1\x15'],
  ['a PNG image', '\x89PNG\r\n'],
  ['a JPEG image', '\xff\xd8\xff'],
]

const patterns: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a bzip2 file', /^BZh[1-9]1AY&SY/],
  ['a web page', /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)[\s>]/i],
]

/** `head` are the first bytes after decompression, `expected` what they should be. Throws ForeignFormat. */
export function refuseForeign(head: Buffer, name: string, expected: string): void {
  const text = head.toString('latin1', 0, 200)
  const begins = signatures.find(([, ...beginnings]) => beginnings.some((beginning) => text.startsWith(beginning)))
  const found = begins ?? patterns.find(([, pattern]) => pattern.test(text))
  if (found === undefined) return
  throw new HeadgateError('ForeignFormat', `${name} is ${found[0]}, not ${expected}; correct what delivers it, or unpack or convert it first`)
}
