// JSON Schema → the structural subset of it that a CustomResourceDefinition may hold.

/** A JSON Schema with the extensions of Kubernetes, as far as the definitions here use them. */
export type JsonSchema = {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  description?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  additionalProperties?: boolean | JsonSchema
  [keyword: string]: unknown
}

/**
 * Drops what the API server refuses (`additionalProperties: false`, `const`, unions of types). A union becomes
 * int-or-string or, where it is none, a field whose content is checked by the run alone.
 */
export function structural(schema: JsonSchema): JsonSchema {
  const { additionalProperties, anyOf: _union, const: literal, properties, items, 'x-headgate-form': form, ...rest } = schema
  const result = typeof form === 'string' ? withForm(rest, form) : { ...rest }
  if (literal !== undefined) result.enum = [literal]
  if (properties) result.properties = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, structural(property)]))
  if (typeof additionalProperties === 'object') result.additionalProperties = structural(additionalProperties)
  if (items) result.items = structural(items)
  return result
}

/** A pattern as a rule that says how to write it. To rules a moment is no text, so there the pattern stays. */
function withForm(schema: JsonSchema, form: string): JsonSchema {
  if (schema.format !== undefined) return { ...schema }
  const { pattern, ...rest } = schema
  return { ...rest, 'x-kubernetes-validations': [{ rule: `self.matches(r'${String(pattern)}')`, message: form }] }
}
