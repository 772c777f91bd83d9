// Fast cell of date.
import { never } from './field-type.ts'

export const dateCell = never
