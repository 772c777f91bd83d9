// How commands write: people's text or one JSON document, on standard output; everything else goes to standard error.
export type OutputForm = 'text' | 'json'

export type Terminal = {
  form: OutputForm
  /** What to call this command by in what it writes: `headgate` or `kubectl headgate`. */
  program: string
  /** Whether standard output is a terminal that takes colours. */
  colours: boolean
  write(text: string): void
}

const escapes = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const

export type Style = keyof typeof escapes

export function styled(terminal: Pick<Terminal, 'colours'>, style: Style, text: string): string {
  return terminal.colours ? `\u001b[${escapes[style]}m${text}\u001b[0m` : text
}

/** One JSON document with a line break at its end; bytes as base64, bigints as text. */
export function json(value: unknown): string {
  const plain = (_: string, item: unknown) => {
    if (typeof item === 'bigint') return item.toString()
    return isBufferJson(item) ? Buffer.from(item.data).toString('base64') : item
  }
  return `${JSON.stringify(value, plain, 2)}\n`
}

function isBufferJson(item: unknown): item is { data: number[] } {
  return typeof item === 'object' && item !== null && (item as { type?: unknown }).type === 'Buffer'
}

/** 1234567 → 1,234,567 */
export function count(number: number): string {
  // Not toLocaleString, which loads the whole of Unicode's data before the first number.
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Milliseconds as 350 ms, 4.2 s, 3 min 20 s, 2 h 5 min. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
}

/** Rows under headings, columns as wide as needed, numbers to the right. Control characters in cells are made visible. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? count(cell) : visible(cell))))
  const widths = headings.map((heading, column) => Math.max(heading.length, ...cells.map((row) => (row[column] ?? '').length)))
  const isNumber = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number)))
      .join('  ')
      .trimEnd()
  return `${[line(headings), ...cells.map(line)].join('\n')}\n`
}

/** Text from a source must not steer the terminal. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => (character === '\n' ? '⏎' : '�'))
}
