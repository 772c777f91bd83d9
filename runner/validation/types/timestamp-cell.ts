// Fast cell of timestamp.
import { never } from './field-type.ts'

export const timestampCell = never
