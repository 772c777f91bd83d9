// plainJson: checks a value that a plugin wants stored, so that another worker, or a resumed run, gets exactly the same value.
import { HeadgateError, type Json } from '../../sdk/index.ts'

const mostDepth = 100

/**
 * Returns the value after a round trip through JSON. `what` names it in messages. Undefined members are dropped. Throws `code` for a
 * value that JSON would change or drop silently: a Date, a Map, a bigint, NaN, an instance of a class, a cycle.
 */
export function plainJson(value: unknown, what: string, code: 'InvalidPlan' | 'InvalidPosition' = 'InvalidPlan'): Json {
  check(value, { what, code }, '', 0)
  return JSON.parse(JSON.stringify(value)) as Json
}

function check(value: unknown, about: { what: string; code: 'InvalidPlan' | 'InvalidPosition' }, path: string, depth: number): void {
  const refuse = (why: string): never => {
    const place = path === '' ? about.what : `${about.what} at ${path.slice(1, 200)}`
    const message = `${place} is ${why}, which JSON does not keep; use plain objects, lists, texts, finite numbers, true, false and null`
    throw about.code === 'InvalidPlan' ? new HeadgateError('InvalidPlan', message) : new HeadgateError('InvalidPosition', message)
  }
  if (depth > mostDepth) refuse(`nested deeper than ${mostDepth} levels`)
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'string') {
    if (value.includes('\0') || !isWellFormed(value)) refuse('a text with a NUL or half a surrogate pair')
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(String(value))
  } else if (typeof value !== 'object') refuse(`of type ${typeof value}`)
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) check(item, about, `${path}.${index}`, depth + 1)
  else if (!isPlain(value)) refuse('an object of a class')
  else for (const [name, member] of Object.entries(value)) if (member !== undefined) check(member, about, `${path}.${name}`, depth + 1)
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value)
}
