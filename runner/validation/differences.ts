// differencesOf: how the fields that a source has differ from those that the schema declares. What follows from a difference is decided
// in field-decision.ts.
import { type Field, type Schema, sourceName } from '../../crds/fields.ts'
import { similarName } from './similar-name.ts'

export type Differences = {
  /** Fields of the source that the schema does not declare, in source order. */
  added: string[]
  /** Declared fields that the source lacks, in declared order. */
  missing: MissingField[]
  /** The fewest declared fields that have to change their place so that all are in declared order. */
  moved: Field[]
  /** Names that the source gives to more than one field. */
  repeated: string[]
}

/** `near`: the added field with a similar name, under which the source probably has the field. */
export type MissingField = { field: Field; near: string | undefined }

/** Compares by name. `fields` are the source's, in its order. */
export function differencesOf(schema: Schema, fields: readonly string[]): Differences {
  const places = new Map(fields.map((field, place) => [field, place]))
  const declared = new Set(schema.fields.map(sourceName))
  const added = fields.filter((field) => !declared.has(field))
  const placeOf = (field: Field) => places.get(sourceName(field))
  const present = schema.fields.filter((field) => placeOf(field) !== undefined)
  const missing = schema.fields.filter((field) => placeOf(field) === undefined)
  return {
    added,
    missing: missing.map((field) => ({ field, near: similarName(sourceName(field), added) })),
    moved: outOfOrder(present, (field) => placeOf(field) as number),
    repeated: places.size === fields.length ? [] : fields.filter((field, place) => places.get(field) !== place),
  }
}

/** The items outside of a longest rising sequence of places. Takes quadratic time, unless the items are in order. */
function outOfOrder<Item>(items: readonly Item[], placeOf: (item: Item) => number): Item[] {
  const places = items.map(placeOf)
  if (places.every((place, index) => index === 0 || (places[index - 1] as number) <= place)) return []
  const lengths: number[] = []
  for (const [index, place] of places.entries()) {
    let length = 1
    for (let before = 0; before < index; before++) if ((places[before] as number) <= place) length = Math.max(length, (lengths[before] as number) + 1)
    lengths.push(length)
  }
  let wanted = Math.max(...lengths)
  let limit = Infinity
  const inOrder = new Set<number>()
  for (let index = places.length - 1; index >= 0; index--) {
    if (lengths[index] !== wanted || (places[index] as number) > limit) continue
    inOrder.add(index)
    limit = places[index] as number
    wanted--
  }
  return items.filter((_, index) => !inOrder.has(index))
}
