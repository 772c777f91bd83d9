// Fast cell of decimal.
import { never } from './field-type.ts'

export const decimalCell = never
