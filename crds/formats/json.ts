// The format `json`: a record for each object, of lines or of a document. Its code is in runner/formats/json.
import Type, { type Static } from 'typebox'
import type { Kind } from '../kinds.ts'
import { closed, text } from '../shapes.ts'
import { textBytes } from './text.ts'

const Json = Type.Object(
  {
    path: Type.Optional(
      text(
        'Where the records are in a document, as a JSON Pointer such as /data/items or a path such as $.data.items[*]: the elements of an ' +
          'array, or one object; $ is the whole document. Default: none, which reads a record from each line (NDJSON).',
        512,
      ),
    ),
    allowEmpty: Type.Optional(
      Type.Boolean({ description: 'Whether a document without the path is a delivery of no records. Default: false, which fails the run.' }),
    ),
    flatten: Type.Optional(
      text(
        'Joins the names of nested objects: with "_" the member city of address is the field address_city. Default: nested objects are values of type json.',
        8,
      ),
    ),
    ...textBytes,
  },
  closed('JSON: a record for each line, or for each object at a path of a document.'),
)

export type JsonFormat = Static<typeof Json>

export const json: Kind<typeof Json> = { config: Json }
