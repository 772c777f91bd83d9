// brandClass: makes `instanceof` hold across copies of this package: a project's own copy, and the installation that runs its pipelines.

/**
 * Marks a class under a name. `instanceof` then holds for instances of every copy's class of that name; subclasses of a branded class
 * are told apart as usual.
 */
export function brandClass(marked: { readonly prototype: object }, name: string): void {
  const brand = Symbol.for(`headgate.dev/sdk/${name}`)
  Object.defineProperty(marked.prototype, brand, { value: true })
  Object.defineProperty(marked, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== marked) return Function.prototype[Symbol.hasInstance].call(this as () => void, value)
      return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
    },
  })
}
