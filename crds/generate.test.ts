import { readFileSync } from 'node:fs'
import { dump } from 'js-yaml'
import { expect, test } from 'vitest'
import { definitions } from './definition.ts'
import { generatedFiles } from './generate.ts'
import type { CelRule } from './shapes.ts'
import type { JsonSchema } from './structural.ts'

/** Every schema below one, with its path; what is Kubernetes' own is left out. */
function* everySchema(schema: JsonSchema, path = ''): Generator<[string, JsonSchema]> {
  yield [path, schema]
  for (const [name, property] of Object.entries(schema.properties ?? {})) yield* everySchema(property, `${path}.${name}`)
  if (schema.items) yield* everySchema(schema.items, `${path}[]`)
  if (typeof schema.additionalProperties === 'object') yield* everySchema(schema.additionalProperties, `${path}[]`)
}

const schemas = definitions().flatMap((definition) => {
  const root = definition.spec.versions[0]?.schema.openAPIV3Schema as JsonSchema
  return [...everySchema(root, definition.spec.names.kind)].filter(([path]) => !/^\w+\.(apiVersion|kind|metadata(\.name)?)$/.test(path))
})

function rulesOf(schema: JsonSchema): CelRule[] {
  return (schema['x-kubernetes-validations'] ?? []) as CelRule[]
}

test.each([...generatedFiles()])('%s is generated from the definitions; run node crds/generate.ts', (path, content) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(content)
})

test('every list, map and string has a bound', () => {
  const unbounded = schemas.filter(
    ([, schema]) =>
      (schema.type === 'array' && !schema.maxItems) ||
      (schema.type === 'string' && !schema.maxLength && !schema.enum) ||
      (schema.additionalProperties !== undefined && !schema.maxProperties),
  )
  expect(unbounded.map(([path]) => path)).toEqual([])
})

test('nothing has a default: an apply must not change the object', () => {
  expect(schemas.filter(([, schema]) => 'default' in schema)).toEqual([])
})

test('the schema is structural: everything has one type, and says what it is', () => {
  for (const [path, schema] of schemas) {
    expect(schema.type !== undefined || schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true, path).toBe(
      true,
    )
    expect(schema.anyOf ?? schema['x-headgate-form'], path).toBeUndefined()
    expect(typeof schema.additionalProperties, path).not.toBe('boolean')
    if (!path.endsWith('[]')) expect(schema.description, path).toBeTruthy()
  }
})

test('a pattern means the same to JavaScript and to Go: no look-around, no \\u', () => {
  const patterns = schemas.flatMap(([, schema]) => [
    ...(typeof schema.pattern === 'string' ? [schema.pattern] : []),
    ...rulesOf(schema).flatMap(({ rule }) => [...rule.matchAll(/matches\(r?'([^']*)'\)/g)].map(([, pattern]) => pattern as string)),
  ])
  expect(patterns.length).toBeGreaterThan(20)
  expect(patterns.filter((pattern) => /\(\?|\\u|\\d/.test(pattern))).toEqual([])
})

test('every pattern has a description in words', () => {
  const bare = schemas.filter(([, schema]) => schema.pattern !== undefined && schema.format === undefined)
  expect(bare.map(([path]) => path)).toEqual([])
})

test('every rule has a message of one line, and its field path exists', () => {
  for (const [path, schema] of schemas) {
    for (const rule of rulesOf(schema)) {
      expect(rule.message, path).toMatch(/^[^\n]{10,}$/)
      const target = (rule.fieldPath ?? '')
        .split('.')
        .slice(1)
        .reduce<JsonSchema | undefined>((at, name) => at?.properties?.[name], schema)
      expect(target, `${path} ${rule.fieldPath}`).toBeDefined()
    }
  }
})

test('a status declares every field, so that an unknown field cannot be written', () => {
  const open = schemas.filter(([path, schema]) => path.includes('.status') && schema['x-kubernetes-preserve-unknown-fields'] === true)
  expect(open).toEqual([])
})

test('a definition fits into the last-applied annotation of kubectl', () => {
  for (const definition of definitions()) expect(Buffer.byteLength(dump(definition, { noRefs: true }))).toBeLessThan(262_144)
})
