// Pages of the store's lists. A cursor holds the sort key of the last item of a page, and the next page begins behind it: what is inserted
// meanwhile neither repeats an item nor pushes one off. Used by every function that lists.
import { HeadgateError } from '../sdk/index.ts'

export type PageRequest = {
  /** Most items of the page. */
  limit: number
  /** Cursor of the page before. */
  after?: string | undefined
}

export type Page<Item> = {
  items: Item[]
  /** Cursor of the next page; undefined on the last. */
  next: string | undefined
}

/** A sort key of whole numbers, as decimal texts: they may be larger than a JavaScript number holds exactly. */
export type SortKey = readonly string[]

const largest = 2n ** 63n - 1n

function encode(list: string, key: SortKey): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

/** The sort key in a cursor of that list. Throws InvalidCursor for anything that `pageOf` did not make. */
export function keyAfter(list: string, cursor: string, columns: number): SortKey {
  const [of, ...key] = decoded(cursor)
  const sound = of === list && key.length === columns && key.every(isBigint) && encode(list, key as string[]) === cursor
  if (sound) return key as string[]
  const shown = JSON.stringify(cursor.length > 100 ? `${cursor.slice(0, 100)}…` : cursor)
  throw new HeadgateError(
    'InvalidCursor',
    `${shown} is no place in the list of ${list}; take the cursor from the page before, or leave it out for the first page`,
  )
}

function decoded(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function isBigint(value: unknown): boolean {
  return typeof value === 'string' && /^(0|[1-9][0-9]{0,18})$/.test(value) && BigInt(value) <= largest
}

/** `found` holds one item more than the limit if there is a next page. `keyOf` gives the sort key of an item. */
export function pageOf<Item>(list: string, found: readonly Item[], { limit }: PageRequest, keyOf: (item: Item) => SortKey): Page<Item> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last === undefined || found.length <= limit ? undefined : encode(list, keyOf(last)) }
}
