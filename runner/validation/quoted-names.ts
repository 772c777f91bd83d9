// quoted: names of fields in a message. They come from the source, so they may hold anything.

const mostNamed = 50
const mostShown = 100

/** In quotes, at most 50 of them, each cut to 100 characters. */
export function quoted(names: readonly string[]): string {
  const named = names.slice(0, mostNamed).map(shown).join(', ')
  return names.length > mostNamed ? `${named} and ${names.length - mostNamed} more` : named
}

/** In quotes, cut to 100 characters, with invisible characters escaped. */
function shown(name: string): string {
  const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu
  const text = JSON.stringify(name.length > mostShown ? `${name.slice(0, mostShown)}…` : name)
  return text.replace(invisible, (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`)
}
