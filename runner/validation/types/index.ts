// The declared types by name.
import type { Field } from '../../../crds/fields.ts'
import { boolean } from './boolean.ts'
import { date } from './date.ts'
import { decimal } from './decimal.ts'
import type { FieldType } from './field-type.ts'
import { float } from './float.ts'
import { integer } from './integer.ts'
import { json } from './json.ts'
import { enumeration, text } from './text.ts'
import { time } from './time.ts'
import { timestamp } from './timestamp.ts'
import { uuid } from './uuid.ts'

export const fieldTypes: Record<Field['type'], FieldType> = { text, integer, decimal, float, boolean, date, time, timestamp, uuid, json, enum: enumeration }
