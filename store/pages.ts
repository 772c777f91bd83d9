// Pages of the store's lists. A cursor holds the sort key of a page's last item, and the next page starts after that key, so rows inserted
// in between neither repeat nor hide an item. Used by every function that lists.
import { HeadgateError } from '../sdk/index.ts'

export type PageRequest = {
  /** Maximum number of items on the page. */
  limit: number
  /** Cursor returned with the previous page (`Page.next`). */
  after?: string | undefined
}

export type Page<Item> = {
  items: Item[]
  /** Cursor for the next page; undefined on the last page. */
  next: string | undefined
}

/** A sort key of whole numbers, as decimal strings, because they may exceed the integers that a JavaScript number holds exactly. */
export type SortKey = readonly string[]

const largest = 2n ** 63n - 1n

function encode(list: string, key: SortKey): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

/** Returns the sort key in a cursor of the list. Throws InvalidCursor for any string that `pageOf` did not produce. */
export function keyAfter(list: string, cursor: string, columns: number): SortKey {
  const [of, ...key] = decoded(cursor)
  const valid = of === list && key.length === columns && key.every(isBigint) && encode(list, key as string[]) === cursor
  if (valid) return key as string[]
  const shown = JSON.stringify(cursor.length > 100 ? `${cursor.slice(0, 100)}…` : cursor)
  throw new HeadgateError(
    'InvalidCursor',
    `${shown} is not a cursor of the list of ${list}; use the cursor printed with the previous page, or omit it for the first page`,
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

/** Makes a page of `found`, which holds one item more than the limit if there is a next page. `keyOf` returns an item's sort key. */
export function pageOf<Item>(list: string, found: readonly Item[], { limit }: PageRequest, keyOf: (item: Item) => SortKey): Page<Item> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last === undefined || found.length <= limit ? undefined : encode(list, keyOf(last)) }
}
