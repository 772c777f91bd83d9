// Encodings of text inputs: which bytes the records are framed on, and how a value's bytes become text.
import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { HeadgateError } from '../../sdk/index.ts'
import type { Bytes } from '../content/bytes.ts'
import { fromWideText, type WideName, wideText } from './wide-text.ts'

export type TextEncoding = {
  name: string
  /** Whether the framed bytes are UTF-8: they are if the source is, and if the input is transcoded. */
  utf8: boolean
  /** Undefined if records are framed on the source's own bytes. What cannot be decoded becomes bytes that are no UTF-8. */
  transcode: ((stream: Bytes) => Bytes) | undefined
  /** The source's bytes for transcoded ones. */
  original: (framed: Buffer) => Buffer
  /** Bytes of a delimiter or another token, in the framed bytes' encoding. */
  encode: (text: string) => Buffer
  /** The text, or undefined if the bytes are none. */
  decode: (bytes: Buffer) => string | undefined
  /** Whether `decode` gives a text; much faster. */
  decodable: (bytes: Buffer) => boolean
}

const same = (bytes: Buffer): Buffer => bytes

/**
 * `head` are the input's first bytes, for a byte order mark; `tokens` the delimiters and quotes that framing looks for; `setting` is where
 * `declared` comes from. Throws InvalidConfig for an encoding that is not known.
 */
export function encodingOf(declared: string | undefined, head: Buffer, tokens: readonly string[], setting: string): TextEncoding {
  const name = markOf(head) ?? normalized(declared ?? 'utf-8')
  if (name === 'utf8')
    return { name, utf8: true, transcode: undefined, original: same, encode: (text) => Buffer.from(text), decode: decodeUtf8, decodable: isUtf8 }
  if (isWide(name))
    return transcoding(
      name,
      (stream) => wideText(stream, name),
      (framed) => fromWideText(framed, name),
    )
  if (!iconv.encodingExists(name)) throw unknown(declared ?? name, setting)
  if (framesAsItIs(name, tokens)) return asItIs(name)
  return transcoding(
    name,
    (stream) => viaIconv(stream, name),
    (framed) => iconv.encode(framed.toString(), name),
  )
}

/** The encoding of a byte order mark. */
function markOf(head: Buffer): string | undefined {
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfeff) return 'utf32le'
  if (head.length >= 4 && head.readUInt32BE(0) === 0xfeff) return 'utf32be'
  if (head.length >= 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf8'
  if (head.length >= 2 && head[0] === 0xff && head[1] === 0xfe) return 'utf16le'
  if (head.length >= 2 && head[0] === 0xfe && head[1] === 0xff) return 'utf16be'
  return undefined
}

function normalized(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  const aliases: Record<string, string> = { ascii: 'utf8', usascii: 'utf8', utf16: 'utf16le', ucs2: 'utf16le', utf32: 'utf32le', ucs4: 'utf32le' }
  return aliases[plain] ?? plain
}

function isWide(name: string): name is WideName {
  return name === 'utf16le' || name === 'utf16be' || name === 'utf32le' || name === 'utf32be'
}

function decodeUtf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined
}

function asItIs(name: string): TextEncoding {
  const decode = (bytes: Buffer): string | undefined => {
    const text = iconv.decode(bytes, name, { stripBOM: false })
    return text.includes('\ufffd') ? undefined : text
  }
  return {
    name,
    utf8: false,
    transcode: undefined,
    original: same,
    encode: (text) => iconv.encode(text, name),
    decode,
    decodable: (bytes) => isAscii(bytes) || decode(bytes) !== undefined,
  }
}

function transcoding(name: string, transcode: (stream: Bytes) => Bytes, original: (framed: Buffer) => Buffer): TextEncoding {
  return { name, utf8: true, transcode, original, encode: (text) => Buffer.from(text), decode: decodeUtf8, decodable: isUtf8 }
}

/**
 * Whether a delimiter's bytes can never be part of another character: true of all one-byte encodings, and, for bytes
 * below 0x30, of the East Asian ones that leave ASCII alone.
 */
function framesAsItIs(name: string, tokens: readonly string[]): boolean {
  const ascii = Buffer.from(Array.from({ length: 128 }, (_, byte) => byte))
  if (!/^(shiftjis|sjis|windows31j|cp932|ms932)/.test(name) && iconv.decode(ascii, name) !== ascii.toString('latin1')) return false
  if (tokens.some((token) => iconv.decode(iconv.encode(token, name), name) !== token)) return false
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  if ([...everyByte].every((byte) => iconv.decode(Buffer.from([byte]), name).length === 1) && iconv.decode(everyByte, name).length === 256) return true
  const safe =
    /^(cp949|windows949|ms949|uhc|euckr|ksc|gbk|gb2312|gb18030|cp936|windows936|ms936|shiftjis|sjis|windows31j|cp932|ms932|big5|cp950|windows950|eucjp)/
  return safe.test(name) && tokens.every((token) => [...Buffer.from(token)].every((byte) => byte < 0x30))
}

async function* viaIconv(stream: Bytes, name: string): Bytes {
  const decoder = iconv.getDecoder(name, { stripBOM: false })
  for await (const chunk of stream) {
    const text = decoder.write(chunk)
    if (text !== '') yield marked(text)
  }
  const rest = decoder.end()
  if (rest !== undefined && rest !== '') yield marked(rest)
}

/** Turns the decoder's replacement character into a byte that is invalid UTF-8, so that later stages reject it. */
function marked(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text)
  const pieces = text.split('\ufffd').flatMap((piece, index) => (index === 0 ? [Buffer.from(piece)] : [Buffer.of(0xff), Buffer.from(piece)]))
  return Buffer.concat(pieces)
}

const wellKnown = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'latin1',
  'iso-8859-1',
  'iso-8859-15',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'cp949',
  'euc-kr',
  'shift_jis',
  'gbk',
  'gb18030',
  'big5',
]

function unknown(name: string, setting: string): HeadgateError {
  const digits = name.replace(/\D/g, '')
  const close =
    wellKnown.find((known) => digits !== '' && known.replace(/\D/g, '') === digits) ?? wellKnown.find((known) => known[0] === name[0]?.toLowerCase())
  const hint = close === undefined ? `use one such as ${wellKnown.slice(0, 6).join(', ')}` : `did you mean ${close}?`
  return new HeadgateError('InvalidConfig', `${setting}: ${JSON.stringify(name)} is not a known encoding; ${hint}`)
}
