import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { compileExpression } from './expression.ts'
import { nativeExpression } from './native.ts'

const large = 1 << 20

describe('a pattern that makes a backtracking engine spin', () => {
  it.each([
    ['^([a-zA-Z0-9]+)*@x[.]de$', `${'a'.repeat(large)}!@x.de`, false],
    ['(x+x+)+y', `${'x'.repeat(large)}zy`.replace('zy', 'z'), false],
    ['^(a|a)*$', `${'a'.repeat(large)}b`, false],
    ['(a?){30}a{30}$', 'a'.repeat(large), true],
    ['[a-z]+[0-9]$', 'a'.repeat(large), false],
    ['^[a-z]*[a-m]*[a-k]*[a-j]*1$', 'a'.repeat(large), false],
    ['(.*)=(.*)=(.*);$', `${'='.repeat(large)}`, false],
    [' +$', `${' '.repeat(large)}x`, false],
    ['\\b(\\w+\\s?)+\\b!$', `${'ab '.repeat(large / 4)}!x`, false],
  ])('%s is decided for a megabyte', (pattern, text, matches) => {
    expect(compileExpression(pattern).test(text)).toBe(matches)
  })
})

describe('the engine of JavaScript', () => {
  it.each(['^[A-Z]{2}$', '^[^*]*$', '^[0-9]{4}-[0-9]{2}$', '^[^@]+@[a-z0-9-]+$', '[0-9]{4}', '^\\d+[.]\\d+$', '^[A-Z0-9]{1,3}[0-9]{2}$', 'abc', '^.*$'])(
    'gets %s',
    (pattern) => {
      expect(nativeExpression(pattern)).toBeDefined()
    },
  )

  it.each([
    ['[a-z]+x', 'is tried at every position'],
    ['^[a-z]*x', 'what repeats may be what follows'],
    ['^a*b?a*$', 'what lies between may be missing'],
    ['^[a-z]{1,9}[a-z]{1,9}[a-z]{1,9}$', 'there are too many ways'],
    ['^(a)$', 'has a group'],
    ['^a|b$', 'has alternatives'],
    ['^\\p{L}$', 'has a class beyond ASCII'],
    ['^é$', 'has a letter beyond ASCII'],
    ['^[^]a[b]$', 'starts a class with a bracket'],
    ['^[[:alpha:]]$', 'has a named class'],
  ])('does not get %s, which %s', (pattern) => {
    expect(nativeExpression(pattern)).toBeUndefined()
  })

  it.each([
    ['^[0-9]+$', 1],
    ['[0-9]{900}x', 901],
    ['^a{0,15}a{0,985}b', 16],
  ])('looks at each character as often as %s costs', (pattern, steps) => {
    expect(compileExpression(pattern).cost(1000)).toBe(1000 * steps)
  })

  it('decides as RE2 does, whatever the pattern and the text', () => {
    const single = fc.constantFrom('a', 'b', '-', '0', '_', ' ', '.', '\\d', '\\w', '\\s', '\\S', '\\D', '\\W', '\\.', '\\-', '\\]', '\\n', '\\[', '\\^')
    const inner = fc.constantFrom('a', 'b', 'a-c', '0-9', '-', '\\d', '\\s', '\\W', '.', '^', '$', '\\]', '\\n', '[', ']', 'é', '+', '*', '{')
    const set = fc.tuple(fc.constantFrom('', '^'), fc.array(inner, { minLength: 1, maxLength: 4 })).map(([mark, parts]) => `[${mark}${parts.join('')}]`)
    const count = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,3}', '{2,}', '*?', '{,2}')
    const item = fc.tuple(fc.oneof(single, set), count).map((parts) => parts.join(''))
    const pattern = fc
      .tuple(fc.constantFrom('^', ''), fc.array(item, { maxLength: 4 }), fc.constantFrom('$', ''))
      .map(([start, items, end]) => start + items.join('') + end)
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '0', '-', '.', ' ', '\n', '\r', ' ', '\v', '_', ']', '[', '^', '$', 'é', '😀', '\u{d800}', '\\'), {
      maxLength: 6,
    })
    let native = 0
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
        const re2 = compiled(source)
        const { expression } = (re2 && nativeExpression(source)) ?? {}
        if (re2 === undefined || expression === undefined) return
        native++
        for (const characters of texts)
          expect([source, characters.join(''), expression.test(characters.join(''))]).toEqual([source, characters.join(''), re2.test(characters.join(''))])
      }),
      { numRuns: 5000 },
    )
    expect(native).toBeGreaterThan(500)
  })
})

function compiled(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source)
  } catch {
    return undefined
  }
}

it.each([
  ['(?=a)b', 'no lookahead'],
  ['(?<!a)b', 'no lookahead'],
  ['(a)\\1', 'no backreferences'],
  ['\\u0041', 'write \\x{41}'],
  ['\\p{Script=Greek}', 'write \\p{Greek}'],
  ['[a', 'missing closing ]'],
  ['a{1001}', 'invalid repeat'],
  ['\\pL{1000}'.repeat(100), 'too large'],
])('%s is refused, because there is %s', (pattern, reason) => {
  expect(() => compileExpression(pattern)).toThrow(reason)
})
