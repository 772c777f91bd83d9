// RowScanner: reads the members of one object into cells. Used by the framers, and by RecordParser for one record.
import type { Member, Names, Node } from './names.ts'
import { JsonScanner, mark, mostDepth } from './scanner.ts'

/** An object with more members is rejected. */
export const mostMembers = 10_000

export class RowScanner {
  readonly scanner: JsonScanner
  /** About the last object: whether its cells say all of it. */
  plain = true
  /** About the last object: whether a member occurs twice. */
  duplicate = false
  /** About the last object: members, with those of nested objects that are flattened. */
  members = 0
  readonly #names: Names
  readonly #decode: (bytes: Buffer) => string | undefined
  #serial = 0
  #cells: Int32Array = new Int32Array(0)
  #base = 0

  constructor(names: Names, decode: (bytes: Buffer) => string | undefined, scanner = new JsonScanner()) {
    this.scanner = scanner
    this.#names = names
    this.#decode = decode
  }

  /** Index behind the object that opens at `at`; -1 if it is malformed. Writes the cells of the row that begin at `base`. */
  object(bytes: Buffer, at: number, cells: Int32Array, base: number): number {
    this.plain = true
    this.duplicate = false
    this.members = 0
    this.#serial++
    this.#cells = cells
    this.#base = base
    // A cell without bytes at the record's start is null.
    cells.fill(at, base, base + 2 * this.#names.width)
    return this.#object(bytes, at, this.#names.root, 0)
  }

  #object(bytes: Buffer, open: number, node: Node, depth: number): number {
    const { scanner } = this
    if (depth === mostDepth) return scanner.failDeep(open)
    let at = scanner.blanks(bytes, open + 1)
    if (bytes[at] === mark.closeBrace) return at + 1
    let place = 0
    for (;;) {
      if (bytes[at] !== mark.quote) return scanner.fail(at)
      const expected = node.order[place]
      let member = expected
      let end = at + 1 + (expected?.bytes.length ?? 0)
      if (expected === undefined || bytes[end] !== mark.quote || !begins(bytes, at + 1, expected.bytes)) {
        scanner.escaped = false
        end = scanner.string(bytes, at + 1)
        if (end < 0) return -1
        member = this.#find(bytes, at + 1, end, node)
      }
      if (member !== undefined) place = member.place + 1
      at = scanner.blanks(bytes, end + 1)
      if (bytes[at] !== mark.colon) return scanner.fail(at)
      at = this.#value(bytes, scanner.blanks(bytes, at + 1), member, depth)
      if (at < 0) return -1
      at = scanner.blanks(bytes, at)
      if (bytes[at] === mark.closeBrace) return at + 1
      if (bytes[at] !== mark.comma) return scanner.fail(at)
      at = scanner.blanks(bytes, at + 1)
    }
  }

  #find(bytes: Buffer, start: number, end: number, node: Node): Member | undefined {
    const text = this.#decode(bytes.subarray(start, end))
    const name = text !== undefined && this.scanner.escaped ? (JSON.parse(`"${text}"`) as string) : text
    return name === undefined ? undefined : this.#names.member(node, name)
  }

  /** Index behind the value, which becomes the member's cell. */
  #value(bytes: Buffer, at: number, member: Member | undefined, depth: number): number {
    this.members++
    if (member === undefined || member.seenIn === this.#serial) {
      this.plain = false
      this.duplicate ||= member !== undefined
    }
    if (member !== undefined) member.seenIn = this.#serial
    const byte = bytes[at] as number
    if (byte === mark.quote) return this.#string(bytes, at, member)
    if (byte === mark.openBrace && member?.node !== undefined) return this.#object(bytes, at, member.node, depth + 1)
    const nested = byte === mark.openBrace || byte === mark.openBracket
    const end = nested ? this.scanner.value(bytes, at) : this.scanner.scalar(bytes, at)
    if (end >= 0 && member !== undefined) this.#cell(member, at, end, nested && !member.json, byte === 0x6e)
    return end
  }

  #string(bytes: Buffer, at: number, member: Member | undefined): number {
    const { scanner } = this
    scanner.escaped = false
    const end = scanner.string(bytes, at + 1)
    if (end < 0) return -1
    if (member?.json === true) this.#cell(member, at, end + 1, false, false)
    else if (member !== undefined) this.#cell(member, at + 1, scanner.escaped ? ~end : end, false, false)
    return end + 1
  }

  /** `unfit`: the value is an object or a list of a field that is neither. */
  #cell(member: Member, start: number, end: number, unfit: boolean, isNull: boolean): void {
    const { column } = member
    if (column < 0) {
      if (!isNull) this.#names.observe(member)
      return
    }
    if (unfit) this.plain = false
    this.#cells[this.#base + 2 * column] = start
    this.#cells[this.#base + 2 * column + 1] = end
  }
}

function begins(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) if (bytes[at + index] !== name[index]) return false
  return true
}
