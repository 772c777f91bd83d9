// UTF-16 and UTF-32 to UTF-8 and back, without loss: a lone surrogate becomes three bytes that UTF-8 readers reject (WTF-8), an
// undefined character becomes 0xFF. Both are invalid in UTF-8, and convert back to their bytes.
import type { Bytes } from '../content/bytes.ts'

export type WideName = 'utf16le' | 'utf16be' | 'utf32le' | 'utf32be'

export async function* wideText(stream: Bytes, name: WideName): Bytes {
  const unit = name.startsWith('utf16') ? 2 : 4
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = Buffer.concat([rest, chunk])
    let whole = bytes.length - (bytes.length % unit)
    if (unit === 2 && whole > 0 && isHighSurrogate(bytes, whole - 2, name)) whole -= 2
    rest = Buffer.from(bytes.subarray(whole))
    if (whole > 0) yield toUtf8(toText(bytes.subarray(0, whole), name))
  }
  const whole = rest.length - (rest.length % unit)
  if (whole > 0) yield toUtf8(toText(rest.subarray(0, whole), name))
  if (whole < rest.length) yield Buffer.of(0xff)
}

/** The source's bytes; those that stood for no character come back as U+FFFD. */
export function fromWideText(framed: Buffer, name: WideName): Buffer {
  const text = fromUtf8(framed)
  if (name === 'utf16le') return Buffer.from(text, 'utf16le')
  if (name === 'utf16be') return Buffer.from(text, 'utf16le').swap16()
  const points = Array.from(text, (character) => character.codePointAt(0) as number)
  const bytes = Buffer.alloc(points.length * 4)
  for (const [index, point] of points.entries()) {
    if (name === 'utf32le') bytes.writeUInt32LE(point, index * 4)
    else bytes.writeUInt32BE(point, index * 4)
  }
  return bytes
}

const noCharacter = '\u{10ffff}'

function isHighSurrogate(bytes: Buffer, at: number, name: WideName): boolean {
  const high = bytes[name === 'utf16le' ? at + 1 : at] as number
  return high >= 0xd8 && high <= 0xdb
}

function toText(bytes: Buffer, name: WideName): string {
  if (name === 'utf16le') return bytes.toString('utf16le')
  if (name === 'utf16be') return Buffer.from(bytes).swap16().toString('utf16le')
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const point = name === 'utf32le' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    text += point > 0x10fffe ? noCharacter : String.fromCodePoint(point)
  }
  return text
}

function toUtf8(text: string): Buffer {
  if (text.isWellFormed() && !text.includes(noCharacter)) return Buffer.from(text)
  const pieces: Buffer[] = []
  for (const piece of text.split(/([\ud800-\udfff]|\u{10ffff})/u)) {
    const unit = piece.charCodeAt(0)
    if (piece === noCharacter) pieces.push(Buffer.of(0xff))
    else if (piece.length === 1 && !piece.isWellFormed()) pieces.push(Buffer.of(0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)))
    else pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}

function fromUtf8(bytes: Buffer): string {
  const binary = bytes.toString('latin1')
  return binary
    .split(/(\xed[\xa0-\xbf][\x80-\xbf])/)
    .map((piece, index) => (index % 2 === 0 ? Buffer.from(piece, 'latin1').toString() : surrogate(piece)))
    .join('')
}

function surrogate(piece: string): string {
  return String.fromCharCode(0xd000 | ((piece.charCodeAt(1) & 0x3f) << 6) | (piece.charCodeAt(2) & 0x3f))
}
