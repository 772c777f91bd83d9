// Fast cell of float.
import { never } from './field-type.ts'

export const floatCell = never
