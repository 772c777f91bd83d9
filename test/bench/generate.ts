// Generates the CSV files that are loaded: seeded, streamed, kept in the system's temporary folder for the next time.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { randomIntegers, shuffledKeys } from './random.ts'

/** Raise it when rows change, so that no old file is taken for a new one. */
const version = 3

export type Order = 'sorted' | 'random'

export type DataSet = {
  rows: number
  order: Order
  /** Version 2 has the same keys and another amount in every row. */
  edition: 1 | 2
  seed: number
  /** How many of the rows, evenly spread, have an amount that is no number. None unless given. */
  rejects?: number
}

export const columns = ['id', 'name', 'email', 'amount', 'ordered_on', 'updated_at', 'status', 'note'] as const

const firstNames = ['Ana', 'Björn', 'Chloé', 'Dmitri', 'Emeka', 'Fatima', 'Grace', 'Hiro', 'Ines', 'Jürgen', 'Kavya', 'Liam', 'Mina', 'Noor', 'Oskar', 'Priya']
const lastNames = [
  'Almeida',
  'Brown',
  'Chen',
  'Duarte',
  'Eriksen',
  'Fischer',
  'García',
  'Haddad',
  'Ivanova',
  'Jansen',
  'Kowalski',
  'Lindqvist',
  'Müller',
  'Nakamura',
]
const hosts = ['example.com', 'example.org', 'mail.example.net', 'shop.example.co.uk']
const statuses = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled']
const words = [
  'leave',
  'at',
  'the',
  'door',
  'ring',
  'twice',
  'gift',
  'wrap',
  'please',
  'call',
  'before',
  'delivery',
  'fragile',
  'third',
  'floor',
  'neighbour',
  'invoice',
]

/** The file's path; made unless it is there. */
export async function dataFile(folder: string, dataSet: DataSet, signal: AbortSignal): Promise<string> {
  const { rows, order, edition, seed, rejects } = dataSet
  const bad = rejects === undefined ? '' : `-${rejects}bad`
  const path = join(folder, `orders-v${version}-seed${seed}-${rows}-${order}-edition${edition}${bad}.csv`)
  if ((await stat(path).catch(() => undefined)) !== undefined) return path
  await mkdir(folder, { recursive: true })
  const unfinished = `${path}.${process.pid}`
  try {
    await write(unfinished, dataSet, signal)
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
  return path
}

async function write(path: string, dataSet: DataSet, signal: AbortSignal): Promise<void> {
  const file = createWriteStream(path, { signal })
  const finished = once(file, 'close')
  for (const text of chunks(dataSet)) {
    if (!file.write(text)) await once(file, 'drain', { signal })
  }
  file.end()
  await finished
}

/** The file's text, piece by piece. */
export function* chunks({ rows, order, edition, seed, rejects = 0 }: DataSet): Generator<string> {
  const keys = order === 'random' ? shuffledKeys(rows, seed) : undefined
  let text = `${columns.join(',')}\n`
  for (let index = 0; index < rows; index++) {
    const bad = Math.floor(((index + 1) * rejects) / rows) > Math.floor((index * rejects) / rows)
    text += row(keys?.[index] ?? index + 1, edition, seed, bad)
    if (text.length < 256 * 1024) continue
    yield text
    text = ''
  }
  yield text
}

/** A row depends on its key alone, so that both orders hold the same rows. */
function row(key: number, edition: 1 | 2, seed: number, bad: boolean): string {
  const random = randomIntegers(Math.imul(key, 0x9e3779b1) ^ seed)
  const pick = (from: readonly string[]) => from[random(from.length)] as string
  const name = `${pick(firstNames)} ${pick(lastNames)}`
  const email = `user${key}.${random(1000)}@${pick(hosts)}`
  const cents = random(10_000_000) + (edition === 2 ? 10_000_000 : 0)
  const amount = bad ? 'unknown' : `${Math.floor(cents / 100)}.${two(cents % 100)}`
  const day = `20${two(15 + random(10))}-${two(1 + random(12))}-${two(1 + random(28))}`
  const moment = `20${two(15 + random(10))}-${two(1 + random(12))}-${two(1 + random(28))} ${two(random(24))}:${two(random(60))}:${two(random(60))}+00`
  return `${key},${name},${email},${amount},${day},${moment},${pick(statuses)},${note(random, pick)}\n`
}

/** One in eight is quoted for a comma or a line break in it, one in a hundred has quotes in it too; one in sixteen is missing. */
function note(random: (below: number) => number, pick: (from: readonly string[]) => string): string {
  const kind = random(16)
  if (kind === 0) return ''
  const text = Array.from({ length: 3 + random(5) }, () => pick(words))
  if (kind > 2) return text.join(' ')
  const between = kind === 1 ? ', ' : '\n'
  const said = text.slice(2).join(' ')
  return `"${text.slice(0, 2).join(' ')}${between}${random(12) === 0 ? `""${said}""` : said}"`
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`
}
