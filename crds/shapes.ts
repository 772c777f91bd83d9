// Small bounded shapes that every definition uses: the API server wants a bound on each list and string.
import Type, { type TSchema } from 'typebox'

/** A string of at most `maxLength` characters. */
export function text(description: string, maxLength: number) {
  return Type.String({ description, minLength: 1, maxLength })
}

/** A name that PostgreSQL takes as it is once quoted: at most 63 bytes, no control characters. */
export function identifier(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 63, pattern: '^[^\\u0000-\\u001f"]+$' })
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(words: Words, description: string) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: [...words], description })
}

/** A list of 1 to `maxItems`. */
export function boundedList<Item extends TSchema>(item: Item, maxItems: number, description: string) {
  return Type.Array(item, { description, minItems: 1, maxItems })
}

/** A length of time such as 500ms, 30s, 5m, 2h, 90d. */
export function duration(description: string) {
  return Type.String({ description, maxLength: 16, pattern: '^[0-9]+(ms|s|m|h|d)$' })
}

/** A share between 0 and 1 in quotes, such as "0.05": Kubernetes APIs avoid floating point. */
export function ratio(description: string) {
  return Type.String({ description, maxLength: 16, pattern: '^(0(\\.[0-9]+)?|1(\\.0+)?)$' })
}
