// Sniffs delimiter and quote from an input's first bytes, for `delimiter: auto`.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { preambleOf } from './header.ts'
import { Kind, RecordFramer } from './record-framer.ts'

const delimiters = [',', ';', '\t', '|', ':', '~', '^', ' ']
const mostRecords = 1000

export type Sniffed = { delimiter: string; quote: string }

/** `head` are the first bytes behind the byte order mark. The most consistent dialect: nearly all records have the same number of fields, more than one. */
export function sniff(head: Buffer, config: CsvConfig, name: string): Sniffed {
  const quotes = config.quote === undefined ? ['"', "'"] : [config.quote]
  let best: (Sniffed & { score: number }) | undefined
  for (const quote of quotes) {
    for (const delimiter of delimiters) {
      if (delimiter === quote || delimiter === config.escape) continue
      const dialect = dialectOf({ ...config, delimiter }, delimiter, quote, (text) => Buffer.from(text))
      const score = consistency(head, config, dialect)
      if (score > (best?.score ?? 0)) best = { delimiter, quote, score }
    }
  }
  if (best !== undefined) return best
  throw new HeadgateError(
    'InvalidConfig',
    `format.csv.delimiter: auto finds no delimiter in ${name} that gives its lines the same number of fields; name it, for example delimiter: ";"`,
  )
}

/** Share of records with the most frequent number of fields, raised a little by that number; 0 if nothing is consistent. */
function consistency(head: Buffer, config: CsvConfig, dialect: Dialect): number {
  const preamble = preambleOf(head, { from: 0, whole: true }, { ...config, header: 0 }, dialect)
  const counts = countsOf(head, preamble?.start ?? 0, dialect)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  let fields = 0
  let records = 0
  for (const [width, count] of counts) {
    if (width > 1 && count > records) {
      fields = width
      records = count
    }
  }
  const share = total === 0 ? 0 : records / total
  return share < 0.8 ? 0 : share + Math.min(fields, 100) / 1000
}

/** How many records have how many fields; malformed ones count as having none. */
function countsOf(head: Buffer, start: number, dialect: Dialect): Map<number, number> {
  const framer = new RecordFramer(dialect)
  const counts = new Map<number, number>()
  const none = new Int32Array(0)
  let seen = 0
  for (let position = start; position < head.length && seen < mostRecords; position = framer.next) {
    const kind = framer.frame(head, position, head.length, true, none, 0, 0)
    // The head may cut the last record off.
    if (kind === Kind.Long || (seen > 0 && framer.next >= head.length)) break
    if (kind === Kind.Skipped) continue
    const width = kind === Kind.Record ? framer.count : 0
    counts.set(width, (counts.get(width) ?? 0) + 1)
    seen++
  }
  return counts
}
