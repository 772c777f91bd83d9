// TextInput: an input as text. Text formats (csv) make one of a decompressed Content, so that they need not handle encodings.
import type { Content } from '../content/content.ts'
import { encodingOf, type TextEncoding } from './encoding.ts'
import { refuseForeign } from './foreign.ts'

/** Bytes of the head by which encoding, dialect and foreign files are recognised. */
export const headBytes = 64 << 10

export type TextInput = {
  name: string
  /**
   * The bytes that records are framed on: the input's own if a delimiter can be found in them, or else UTF-8 made from them, which has no
   * random access. Places, positions and orders are offsets in these bytes. Line ends are LF, CR and CRLF in any encoding.
   */
  content: Content
  encoding: TextEncoding
  /** Whether the input has no bytes at all: a delivery of no records. */
  empty: boolean
  /** Length of the byte order mark that `content` begins with; 0 if there is none. */
  markBytes: number
}

export type TextOptions = {
  /** What the input is declared to be encoded in; UTF-8 if nothing. A byte order mark overrides it. */
  encoding: string | undefined
  /** All that the format looks for in the bytes: delimiters, quotes. Decides whether it may look in the input's own bytes. */
  tokens: readonly string[]
  /** What the format reads, for the refusal of something else: delimited text. */
  expected: string
  /** Where `encoding` is declared, for messages: format.csv.encoding. */
  setting: string
}

/** Looks at the head of a decompressed content. Throws ForeignFormat, and InvalidConfig for an encoding that is not known. */
export async function textInput(content: Content, { encoding: declared, tokens, expected, setting }: TextOptions): Promise<TextInput> {
  const head = await content.head(headBytes)
  refuseForeign(head, content.name, expected)
  const encoding = encodingOf(declared, head, tokens, setting)
  const { transcode } = encoding
  const framed = transcode === undefined ? content : content.wrap({ randomAccess: false, open: () => transcode(content.open(0)) })
  return { name: content.name, content: framed, encoding, empty: head.length === 0, markBytes: markBytes(await framed.head(mark.length)) }
}

const mark = Buffer.from('\ufeff')

function markBytes(head: Buffer): number {
  return head.equals(mark) ? mark.length : 0
}
