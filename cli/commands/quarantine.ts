// headgate quarantine list | show | discard
import { HeadgateError } from '../../sdk/index.ts'
import {
  discardQuarantine,
  listQuarantine,
  type QuarantineEntry,
  type QuarantineFilter,
  type QuarantineState,
  showQuarantine,
} from '../../store/quarantine-queries.ts'
import { findRun } from '../../store/runs.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ListOptions, nextPage, option } from '../next-page.ts'
import { json, styled, type Terminal, table, visible } from '../output.ts'
import { hiddenOf, hidesAnything, maskedEntries } from '../sensitive.ts'
import { type OpenStore, openStore } from './store.ts'

export type QuarantineListOptions = ListOptions & { pipeline?: string; run?: string; state?: string; code?: string }

/** Lists quarantine entries, latest first. */
export async function quarantineListCommand(options: QuarantineListOptions, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    const { items, next } = await listQuarantine(store.session, await filterOf(store, options))
    const entries = await maskedEntries(store.session, items)
    if (terminal.form === 'json') terminal.write(json({ entries, next }))
    else if (entries.length === 0) terminal.write('Nothing in quarantine matches.\n')
    else terminal.write(`${table(headings, entries.map(row))}\nheadgate quarantine show ID tells all about one.\n${more(terminal, options, next)}`)
    return exitCodes.ok
  } finally {
    await store.close()
  }
}

function more(terminal: Terminal, options: QuarantineListOptions, next: string | undefined): string {
  const chosen = (['pipeline', 'run', 'state', 'code'] as const).flatMap((name) => option(name, options[name]))
  return nextPage(terminal, ['quarantine', 'list', ...chosen], options, next)
}

async function filterOf(store: OpenStore, { pipeline, run, state, code, limit, after }: QuarantineListOptions): Promise<QuarantineFilter> {
  const filter: QuarantineFilter = { limit, after }
  if (pipeline !== undefined) filter.pipeline = pipeline
  if (state !== undefined) filter.state = state as QuarantineState
  if (code !== undefined) filter.code = code
  if (run === undefined) return filter
  const found = await findRun(store.session, run)
  if (found === undefined) throw new HeadgateError('RunNotFound', `there is no run named ${run} in the store; list them with: headgate runs`)
  return { ...filter, run: found.id }
}

const headings = ['ID', 'PIPELINE', 'STATE', 'TIMES', 'WHERE', 'FIELD', 'CODE', 'VALUE']

function row(entry: QuarantineEntry): (string | number)[] {
  const [first, ...more] = entry.errors
  const code = `${first?.code ?? ''}${more.length === 0 ? '' : ` +${more.length}`}`
  return [
    String(entry.id),
    entry.pipeline,
    entry.state,
    entry.occurrences,
    `${entry.input}@${entry.position}`,
    first?.field ?? '',
    code,
    (first?.value ?? '').slice(0, 40),
  ]
}

/** Shows one entry with its raw record and every error. Sensitive values are shown only with `raw`. */
export async function quarantineShowCommand(id: number, options: { database?: string; raw?: boolean }, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    const entry = await showQuarantine(store.session, id)
    if (entry === undefined) throw new HeadgateError('QuarantineNotFound', `there is no quarantine entry ${id}; list them with: headgate quarantine list`)
    const shown = options.raw === true ? entry : await withoutSecrets(store, entry)
    terminal.write(terminal.form === 'json' ? json(shown) : story(shown, terminal))
    return exitCodes.ok
  } finally {
    await store.close()
  }
}

/** Closes an unresolved entry without loading its record. */
export async function quarantineDiscardCommand(id: number, options: { database?: string; reason: string }, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    await discardQuarantine(store.session, id, options.reason)
    terminal.write(terminal.form === 'json' ? json({ id, state: 'discarded', stateReason: options.reason }) : `Quarantine entry ${id} is discarded.\n`)
    return exitCodes.ok
  } finally {
    await store.close()
  }
}

/** The place of a sensitive value within raw bytes is unknown, so raw bytes are hidden if they may hold one. */
async function withoutSecrets({ session }: OpenStore, entry: Whole): Promise<Shown> {
  const [[masked], [hidden]] = [await maskedEntries(session, [entry]), await hiddenOf(session, [entry])]
  return { ...entry, ...masked, raw: hidden === undefined || hidesAnything(hidden) ? null : entry.raw }
}

type Whole = QuarantineEntry & { raw: Buffer }
type Shown = QuarantineEntry & { raw: Buffer | null }

const rawHeadings = { bytes: 'Raw record (exact bytes of the source)', json: 'Raw record (JSON made of it: the source gives values, not bytes)' }

function story(entry: Shown, terminal: Terminal): string {
  const facts = [
    ['entry', `${entry.id} (${entry.state}${entry.stateReason === undefined ? '' : `: ${entry.stateReason}`})`],
    ['pipeline', entry.pipeline],
    ['first seen', `run ${entry.run}, ${entry.createdAt.toISOString()}`],
    ['last seen', `run ${entry.lastRun}, ${entry.occurrences} times in all`],
    ['source', `${entry.input}, offset ${entry.position}`],
    ['fingerprint', entry.fingerprint],
  ] as const
  const heading = (text: string) => styled(terminal, 'bold', `\n${text}\n`)
  const errors = entry.errors.map((error) => [error.field ?? '(record)', error.code, error.value ?? '', error.message])
  return [
    facts.map(([name, value]) => `${name.padEnd(12)} ${visible(value)}\n`).join(''),
    heading('Errors'),
    table(['FIELD', 'CODE', 'VALUE', 'MESSAGE'], errors),
    heading(rawHeadings[entry.evidence]),
    rawText(entry.raw),
    ...(entry.record === undefined ? [] : [heading('Parsed record'), json(entry.record)]),
  ].join('')
}

function rawText(raw: Buffer | null): string {
  if (raw === null) return 'hidden, because the pipeline has sensitive fields; --raw shows it\n'
  return `${raw.toString('utf8').split('\n').map(visible).join('\n')}\n`
}
