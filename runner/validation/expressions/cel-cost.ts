// The cost of evaluating CEL, counted while it runs. cel-js bounds the size of an expression and nothing else: a few words such as
// record.list.all(x, record.list.all(y, …)) take time without end, and a + a over and over takes all memory.
//
// One step is about a tenth of a microsecond. Loops exist only in comprehensions (all, exists, map, filter …), so each of their turns pays
// for the nodes of its body; every other node is paid for in advance. Operators and functions pay in addition for the values they
// are given, lists and maps with all their members, because they may read all of it. So no slow evaluation and no
// large value goes unpaid. Rejected alternatives: limits on the nesting of an expression (cel.bind doubles a value with
// each word, at any nesting), and a thread that is killed after some time (what is rejected would depend on the machine).
import type { ParseResult } from '@marcbachmann/cel-js'
import { expansion } from '../../../crds/re2.ts'
import { compileExpression, type Expression } from './expression.ts'

/** What the rules of one record may cost together: about half a second. */
const mostSteps = 5_000_000

export class CostExceeded extends Error {}

/** Counts the steps that are left for one record. */
export class CostMeter {
  #left = mostSteps
  #record: unknown
  #rule = -1

  /** The first rule of a record begins with the full amount, the later ones with what is left of it. */
  begin(record: unknown, rule: number): void {
    if (record !== this.#record || rule <= this.#rule) this.#left = mostSteps
    this.#record = record
    this.#rule = rule
  }

  get left(): number {
    return this.#left
  }

  get exceeded(): boolean {
    return this.#left < 0
  }

  /** Throws CostExceeded, and again each time after that: CEL drops an error where || and && are decided by the other side. */
  spend(steps: number): void {
    this.#left -= steps
    if (!(this.#left >= 0)) throw new CostExceeded('the cost limit is exceeded')
  }
}

type Handle = (...values: unknown[]) => unknown

/** A node as cel-js keeps it, checked: `handle` does the work once the operands are evaluated. */
type Node = {
  op: string
  args: unknown
  handle?: Handle
  meta: { evaluate: Handle; alternate?: Node; macro?: object }
  setMeta(key: string, value: unknown): unknown
}

/** Makes each evaluation of a checked expression spend steps. Returns the steps to pay in advance. Throws for a literal expression of matches() that does not compile. */
export function metered(evaluate: ParseResult, meter: CostMeter): number {
  const nodes = new Set<Node>()
  collect(evaluate.ast, nodes)
  for (const node of nodes) meterNode(node, meter)
  return nodes.size
}

/** All nodes that may be evaluated, each once. */
function collect(value: unknown, nodes: Set<Node>): void {
  if (typeof value !== 'object' || value === null || nodes.has(value as Node)) return
  if (!isNode(value)) {
    if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) for (const child of Object.values(value)) collect(child, nodes)
    return
  }
  nodes.add(value)
  if (value.meta.alternate !== undefined) collect(value.meta.alternate, nodes)
  else if (value.meta.macro !== undefined) for (const child of Object.values(value.meta.macro)) collect(child, nodes)
  else collect(value.args, nodes)
}

function isNode(value: object): value is Node {
  return 'op' in value && 'meta' in value && 'setMeta' in value
}

const access = new Set(['.', '[]', '.?', '[?]'])

function meterNode(node: Node, meter: CostMeter): void {
  const { handle } = node
  if (node.op === 'comprehension') meterLoop(node, meter)
  if (handle === undefined || access.has(node.op)) return
  if (node.op === 'call' || node.op === 'rcall') node.handle = callHandle(node, handle, meter)
  else if (node.op === 'comprehension') node.handle = loopHandle(handle, meter)
  else if (isBinary(node)) node.handle = binaryHandle(handle, meter)
}

function loopHandle(handle: Handle, meter: CostMeter): Handle {
  return (items, args, evaluator, context) => {
    meter.spend(lengthOf(items))
    return handle(items, args, evaluator, context)
  }
}

function binaryHandle(handle: Handle, meter: CostMeter): Handle {
  return (left, right, ast, evaluator) => {
    meter.spend(weigh(left, meter) + weigh(right, meter))
    return handle(left, right, ast, evaluator)
  }
}

function isBinary({ op, args }: Node): boolean {
  return Array.isArray(args) && args.length === 2 && op !== 'list'
}

/** Each turn pays for the body. all() and exists() continue after an error, so they are stopped explicitly. */
function meterLoop(node: Node, meter: CostMeter): void {
  const loop = node.args as { step: Node; condition?: (sofar: unknown) => boolean }
  const { step, condition } = loop
  if (condition !== undefined) loop.condition = (sofar) => !meter.exceeded && condition(sofar)
  const body = new Set<Node>()
  collect(step, body)
  const evaluate = step.meta.evaluate
  step.setMeta('evaluate', (evaluator: unknown, ast: unknown, context: unknown) => {
    meter.spend(body.size + 1)
    try {
      return evaluate(evaluator, ast, context)
    } catch (error) {
      meter.spend(errorSteps)
      throw error
    }
  })
}

/** An error is made with its stack and its place in the expression. */
const errorSteps = 100

/** Functions that make many values of a text, which take ten times its memory. */
const makers = new Set(['json', 'split'])
const searches = new Set(['contains', 'indexOf', 'lastIndexOf', 'split'])

function callHandle(node: Node, handle: Handle, meter: CostMeter): Handle {
  const [name, , parameters] = node.args as [string, unknown, Node[] | undefined]
  const matches = name === 'matches' ? matcher(meter, parameters?.[0]) : undefined
  return (values, ...rest) => {
    const given = values as unknown[]
    const [one, other] = given
    for (const value of given) meter.spend(2 * weigh(value, meter))
    if (makers.has(name) && typeof one === 'string') meter.spend(one.length / 2)
    if (matches !== undefined && typeof one === 'string' && typeof other === 'string') return matches(one, other)
    if (searches.has(name) && typeof one === 'string' && typeof other === 'string') meter.spend((one.length * other.length) / 64)
    if (name === 'join' && typeof other === 'string') meter.spend((lengthOf(one) * other.length) / charactersPerStep)
    if (name === 'duration' && typeof one === 'string') meter.spend(one.length ** 3 / 100)
    if (name.startsWith('get') && given.length === 2) meter.spend(zoneSteps)
    return handle(values, ...rest)
  }
}

/** Reading a timestamp in another zone makes a formatter each time. */
const zoneSteps = 1_000
/** Compiling an expression that comes from a record, for each of its parts. */
const compileSteps = 100
const longestPattern = 1024

/** matches(): in RE2's syntax and in linear time, as a field's pattern. A literal expression is compiled once. */
function matcher(meter: CostMeter, parameter: Node | undefined): (text: string, pattern: string) => boolean {
  const literal = parameter?.op === 'value' && typeof parameter.args === 'string' ? compileExpression(parameter.args) : undefined
  const given = (pattern: string): Expression => {
    if (pattern.length > longestPattern) throw new Error(`matches: an expression has at most ${longestPattern} characters`)
    meter.spend(expansion(pattern) * compileSteps)
    return compileExpression(pattern)
  }
  return (text, pattern) => {
    const expression = literal ?? given(pattern)
    meter.spend(expression.cost(text.length) / 8)
    return expression.test(text)
  }
}

const charactersPerStep = 16

/** Steps to look at a value. */
function weigh(value: unknown, meter: CostMeter): number {
  if (typeof value === 'string') return 1 + value.length / charactersPerStep
  return typeof value === 'object' && value !== null ? sizeOf(value, meter.left) : 1
}

/** A member that a value holds twice counts twice, as in a comparison. Counting stops beyond `most`. */
function sizeOf(whole: object, most: number): number {
  let steps = 0
  const open: unknown[] = [whole]
  while (open.length > 0 && steps <= most) {
    const value = open.pop()
    steps++
    if (typeof value === 'string') steps += value.length / charactersPerStep
    else if (ArrayBuffer.isView(value)) steps += value.byteLength / charactersPerStep
    else if (typeof value === 'object' && value !== null) {
      steps += lengthOf(value)
      if (steps <= most) for (const part of partsOf(value)) open.push(part)
    }
  }
  return steps
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (value instanceof Map || value instanceof Set) return value.size
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

function partsOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  return value instanceof Set || Array.isArray(value) ? value : Object.values(value)
}
