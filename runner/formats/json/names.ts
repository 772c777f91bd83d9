// Names: the members that an input's objects have, as the row scanner looks them up. One tree per reader; nested objects are nodes of it
// where they are flattened.
import type { SourceField } from '../format.ts'

/** A member of the objects of one node. */
export type Member = {
  /** The bytes of its name, as they stand between the quotes. */
  bytes: Buffer
  /** Its name as a field of the source. */
  field: string
  /** Index of its cell; -1 for a member that is not declared. */
  column: number
  /** Whether its cell is JSON text, whatever kind of value it has. */
  json: boolean
  /** Where the members of the objects in it are, if these are flattened. */
  node: Node | undefined
  /** Its place in the usual order of the members. */
  place: number
  /** Number of the last record that had it. */
  seenIn: number
}

export type Node = { members: Map<string, Member>; order: Member[]; prefix: string }

/** Most names that are not declared. Records with others are read by the slow path. */
const mostUndeclared = 1000

export class Names {
  readonly root: Node = { members: new Map(), order: [], prefix: '' }
  /** The declared fields, and the members observed so far that are not declared. Replaced when there are more. */
  fields: readonly string[]
  /** Number of declared fields: cells per record. */
  readonly width: number
  readonly #columns: ReadonlyMap<string, number>
  readonly #jsonColumns: readonly boolean[]
  readonly #separator: string | undefined
  readonly #encode: (text: string) => Buffer
  readonly #observed = new Set<string>()
  #undeclared = 0

  /** `separator`: joins the names of nested objects, which are not flattened without one. */
  constructor(declared: readonly SourceField[], separator: string | undefined, encode: (text: string) => Buffer) {
    this.fields = [...new Set(declared.map(({ name }) => name))]
    this.width = this.fields.length
    this.#columns = new Map(this.fields.map((name, column) => [name, column]))
    this.#jsonColumns = this.fields.map((field) => declared.every(({ name, type }) => name !== field || type === 'json'))
    this.#separator = separator
    this.#encode = encode
  }

  /** The member with that name, added if it is new. Undefined if there are too many. */
  member(node: Node, name: string): Member | undefined {
    const known = node.members.get(name)
    if (known !== undefined) return known
    const field = node.prefix + name
    const column = this.#columns.get(field) ?? -1
    if (column < 0 && ++this.#undeclared > mostUndeclared) return undefined
    const json = this.isJson(column)
    const nested = this.#separator !== undefined && !json ? { members: new Map(), order: [], prefix: field + this.#separator } : undefined
    const member: Member = { bytes: this.#encode(name), field, column, json, node: nested, place: node.order.length, seenIn: -1 }
    node.members.set(name, member)
    node.order.push(member)
    return member
  }

  /** Whether all declared fields of that column are of type json, so that their cell is JSON text. */
  isJson(column: number): boolean {
    return this.#jsonColumns[column] === true
  }

  isJsonField(field: string): boolean {
    return this.isJson(this.#columns.get(field) ?? -1)
  }

  /** Reports a member with a value as a field of the source. */
  observe({ field, column }: Member): void {
    if (column >= 0 || this.#observed.has(field)) return
    this.#observed.add(field)
    this.fields = [...this.fields, field]
  }
}
