// Fast cell of text.
import { never } from './field-type.ts'

export const textCell = never
