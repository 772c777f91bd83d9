// Regular expressions of pipelines, in the syntax of RE2 and in linear time. Used for a field's pattern and for matches() in rules.
import { compileRe2 } from '../../../crds/re2.ts'
import { nativeExpression } from './native.ts'

/** A compiled regular expression. `test` finds a match anywhere in the text, in time proportional to `cost`. */
export type Expression = {
  test(text: string): boolean
  /** Steps that testing a text of so many characters may take. */
  cost(length: number): number
}

/** A larger one, such as \pL{1000} twenty times over, would take minutes for a record of a megabyte. */
const mostInstructions = 5_000

/** Throws an Error that says in one line why RE2 does not take the pattern. */
export function compileExpression(pattern: string): Expression {
  const expression = compileRe2(pattern)
  const instructions = expression.programSize()
  if (instructions > mostInstructions)
    throw new Error(`it is too large: ${instructions} instructions, and at most ${mostInstructions} are allowed; repeat less`)
  const native = nativeExpression(pattern)
  if (native !== undefined) return { test: (text) => native.expression.test(text), cost: (length) => native.steps * length }
  return { test: (text) => expression.test(text), cost: (length) => instructions * length }
}
