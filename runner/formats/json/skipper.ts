// Skipper: passes a JSON value of any size in constant memory, byte by byte, over any number of windows. For what lies beside the records of
// a document, and for a record that is too long. As strict as JsonScanner.
import { isBlank } from './blank.ts'
import { mark } from './scanner.ts'

/** Deeper documents are refused. */
const mostDepth = 10_000

const expect = { value: 0, firstName: 1, name: 2, colon: 3, after: 4, string: 5, escape: 6, hex: 7, word: 8, number: 9, firstElement: 10, done: 11 } as const
type State = (typeof expect)[keyof typeof expect]

/** What may follow within a number, by the kinds of characters; the grammar of RFC 8259. */
const digit = 1
const sign = 2
const point = 3
const exponent = 4
const numberSteps: readonly (readonly [kind: number, next: number][])[] = [
  [[digit, 2]],
  [
    [point, 3],
    [exponent, 5],
  ],
  [
    [digit, 2],
    [point, 3],
    [exponent, 5],
  ],
  [[digit, 4]],
  [
    [digit, 4],
    [exponent, 5],
  ],
  [
    [sign, 6],
    [digit, 7],
  ],
  [[digit, 7]],
  [[digit, 7]],
]
/** Steps after which a number may end: behind 0, digits, a fraction, an exponent. */
const numberEnds = [false, true, true, false, true, false, false, true]

export class Skipper {
  #state: State = expect.value
  #isName = false
  readonly #open: number[] = []
  #hex = 0
  #word = ''
  #numberStep = 0

  /** Whether the value has ended. A number ends only when something else follows, or the input ends. */
  get done(): boolean {
    return this.#state === expect.done
  }

  /** Whether the input may end here. */
  get mayEnd(): boolean {
    return this.done || (this.#state === expect.number && this.#open.length === 0 && numberEnds[this.#numberStep] === true)
  }

  /** Index of the first byte behind the value, or `size` if the value goes on; `~at` if the byte at `at` is malformed or nested too deep. */
  skip(bytes: Uint8Array, at: number, size: number): number {
    while (at < size && !this.done) {
      const byte = bytes[at] as number
      const used = this.#step(byte)
      if (used < 0) return ~at
      at += used
    }
    return at
  }

  /** Takes a byte: 1 if it is used, 0 if the state has changed and the byte is to be taken again, -1 if it is wrong. */
  #step(byte: number): number {
    switch (this.#state) {
      case expect.string:
        return this.#inString(byte)
      case expect.escape:
        return this.#escaped(byte)
      case expect.hex:
        if (!/[0-9a-fA-F]/.test(String.fromCharCode(byte))) return -1
        if (--this.#hex === 0) this.#state = expect.string
        return 1
      case expect.word:
        if (byte !== this.#word.charCodeAt(0)) return -1
        this.#word = this.#word.slice(1)
        if (this.#word === '') this.#ended()
        return 1
      case expect.number:
        return this.#inNumber(byte)
      default:
        return isBlank(byte) ? 1 : this.#structure(byte)
    }
  }

  #structure(byte: number): number {
    const within = this.#open.at(-1)
    switch (this.#state) {
      case expect.firstName:
        if (byte === mark.closeBrace) return this.#close()
        return this.#name(byte)
      case expect.name:
        return this.#name(byte)
      case expect.colon:
        this.#state = expect.value
        return byte === mark.colon ? 1 : -1
      case expect.firstElement:
        if (byte === mark.closeBracket) return this.#close()
        return this.#value(byte)
      case expect.after:
        // The closing bracket of each kind is two above the opening one.
        if (byte === (within as number) + 2) return this.#close()
        this.#state = within === mark.openBrace ? expect.name : expect.value
        return byte === mark.comma ? 1 : -1
      default:
        return this.#value(byte)
    }
  }

  #name(byte: number): number {
    this.#isName = true
    this.#state = expect.string
    return byte === mark.quote ? 1 : -1
  }

  #value(byte: number): number {
    if (byte === mark.quote) {
      this.#isName = false
      this.#state = expect.string
    } else if (byte === mark.openBrace || byte === mark.openBracket) {
      if (this.#open.push(byte) > mostDepth) return -1
      this.#state = byte === mark.openBrace ? expect.firstName : expect.firstElement
    } else if (byte === 0x74 || byte === 0x66 || byte === 0x6e) {
      this.#word = byte === 0x74 ? 'rue' : byte === 0x66 ? 'alse' : 'ull'
      this.#state = expect.word
    } else {
      if (byte !== 0x2d && !isDigit(byte)) return -1
      this.#numberStep = byte === 0x2d ? 0 : byte === 0x30 ? 1 : 2
      this.#state = expect.number
    }
    return 1
  }

  #inString(byte: number): number {
    if (byte === mark.quote) {
      if (this.#isName) this.#state = expect.colon
      else this.#ended()
    } else if (byte === mark.backslash) this.#state = expect.escape
    return byte < 0x20 ? -1 : 1
  }

  #escaped(byte: number): number {
    this.#state = byte === 0x75 ? expect.hex : expect.string
    this.#hex = 4
    return byte === 0x75 || '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : -1
  }

  #inNumber(byte: number): number {
    const kind = isDigit(byte) ? digit : byte === 0x2b || byte === 0x2d ? sign : byte === 0x2e ? point : byte === 0x65 || byte === 0x45 ? exponent : 0
    const next = numberSteps[this.#numberStep]?.find(([of]) => of === kind)?.[1]
    if (next === undefined) {
      if (kind !== 0 || numberEnds[this.#numberStep] !== true) return -1
      this.#ended()
      return 0
    }
    // A minus may be followed by a zero, which no digit may follow.
    this.#numberStep = this.#numberStep === 0 && byte === 0x30 ? 1 : next
    return 1
  }

  #close(): number {
    this.#open.pop()
    this.#ended()
    return 1
  }

  #ended(): void {
    this.#state = this.#open.length === 0 ? expect.done : expect.after
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
