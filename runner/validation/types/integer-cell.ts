// Fast cell of integer.
import { never } from './field-type.ts'

export const integerCell = never
