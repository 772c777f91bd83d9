// JsonScanner: finds where a JSON value ends, strictly by RFC 8259. Used by the row scanner, which reads a record member by member, and by
// the document reader. Works on bytes in an encoding that leaves ASCII alone; the byte behind the last one must be a control character,
// which ends every loop: U+0000, because a line end may be blank space.

export const mark = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  backslash: 0x5c,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const

/** PostgreSQL's own limit depends on its stack; values of type json have the same limit. */
export const mostDepth = 500

const words: Record<number, Buffer> = { 116: Buffer.from('true'), 102: Buffer.from('false'), 110: Buffer.from('null') }

export class JsonScanner {
  /** Whether a string since this was reset holds an escape. */
  escaped = false
  /** Where the last failure was. */
  failedAt = -1
  /** Whether the last failure was a value that is nested too deep. */
  tooDeep = false
  readonly #open = new Uint8Array(mostDepth)
  readonly #lineFeed: number

  /** `lines`: a line feed ends the text, and is no blank space. */
  constructor({ lines = false } = {}) {
    this.#lineFeed = lines ? 0x20 : 0x0a
  }

  /** Index behind spaces, tabs and line ends. */
  blanks(bytes: Uint8Array, at: number): number {
    for (;;) {
      const byte = bytes[at]
      if (byte !== 0x20 && byte !== this.#lineFeed && byte !== 0x0d && byte !== 0x09) return at
      at++
    }
  }

  /** Index of the quote that closes the string whose content begins at `at`; -1 if it is malformed. */
  string(bytes: Uint8Array, at: number): number {
    for (;;) {
      const byte = bytes[at] as number
      if (byte === mark.quote) return at
      if (byte === mark.backslash) {
        at = this.#escape(bytes, at)
        if (at < 0) return -1
      } else if (byte < 0x20) return this.fail(at)
      else at++
    }
  }

  /** Index behind a number or a word; -1 if it is malformed. */
  scalar(bytes: Uint8Array, at: number): number {
    const word = words[bytes[at] as number]
    if (word === undefined) return this.#number(bytes, at)
    for (let index = 1; index < word.length; index++) if (bytes[at + index] !== word[index]) return this.fail(at + index)
    return at + word.length
  }

  /** Index behind the value at `at`; -1 if it is malformed. */
  value(bytes: Uint8Array, at: number): number {
    const open = this.#open
    let depth = 0
    for (;;) {
      const byte = bytes[at] as number
      if (byte === mark.quote) {
        const end = this.string(bytes, at + 1)
        if (end < 0) return -1
        at = end + 1
      } else if (byte === mark.openBrace || byte === mark.openBracket) {
        if (depth === mostDepth) return this.failDeep(at)
        at = this.blanks(bytes, at + 1)
        if (bytes[at] === byte + 2) at++
        else {
          open[depth++] = byte
          if (byte === mark.openBrace) at = this.name(bytes, at)
          if (at < 0) return -1
          continue
        }
      } else {
        at = this.scalar(bytes, at)
        if (at < 0) return -1
      }
      for (;;) {
        if (depth === 0) return at
        const within = open[depth - 1] as number
        at = this.blanks(bytes, at)
        if (bytes[at] === mark.comma) {
          at = this.blanks(bytes, at + 1)
          if (within === mark.openBrace) at = this.name(bytes, at)
          if (at < 0) return -1
          break
        }
        // The closing bracket of each kind is two above the opening one.
        if (bytes[at] !== within + 2) return this.fail(at)
        at++
        depth--
      }
    }
  }

  /** Index of the value behind the name and the colon at `at`; -1 if they are malformed. */
  name(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== mark.quote) return this.fail(at)
    const end = this.string(bytes, at + 1)
    if (end < 0) return -1
    const colon = this.blanks(bytes, end + 1)
    return bytes[colon] === mark.colon ? this.blanks(bytes, colon + 1) : this.fail(colon)
  }

  fail(at: number): -1 {
    this.failedAt = at
    this.tooDeep = false
    return -1
  }

  failDeep(at: number): -1 {
    this.failedAt = at
    this.tooDeep = true
    return -1
  }

  /** Index behind the escape at `at`. */
  #escape(bytes: Uint8Array, at: number): number {
    this.escaped = true
    const byte = bytes[at + 1] as number
    if (byte === 0x75) {
      for (let index = 2; index < 6; index++) if (!isHexDigit(bytes[at + index] as number)) return this.fail(at + index)
      return at + 6
    }
    return isEscape[byte] === 1 ? at + 2 : this.fail(at + 1)
  }

  #number(bytes: Uint8Array, at: number): number {
    if (bytes[at] === 0x2d) at++
    const first = bytes[at] as number
    if (!isDigit(first)) return this.fail(at)
    at++
    if (first !== 0x30) at = digits(bytes, at)
    else if (isDigit(bytes[at] as number)) return this.fail(at)
    if (bytes[at] === 0x2e) {
      const end = digits(bytes, at + 1)
      if (end === at + 1) return this.fail(end)
      at = end
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++
      const end = digits(bytes, at)
      if (end === at) return this.fail(end)
      at = end
    }
    return at
  }
}

const isEscape = new Uint8Array(256)
for (const byte of Buffer.from('"\\/bfnrt')) isEscape[byte] = 1

function digits(bytes: Uint8Array, at: number): number {
  while (isDigit(bytes[at] as number)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}
