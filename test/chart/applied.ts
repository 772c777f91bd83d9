// The roles, bindings and accounts of a release, really applied for a suite, and away with its cluster-wide ones afterwards.
import { afterAll, beforeAll, expect } from 'vitest'
import type { freshNamespace } from '../support/kubernetes.ts'
import { type Rendered, render, type Values } from './render.ts'

/** Call it at the top of a suite. */
export function appliedAccess(its: Awaited<ReturnType<typeof freshNamespace>>, values: Values = {}): void {
  const objects: Rendered[] = render(values, its.namespace).filter(({ kind }) => /^(ServiceAccount|(Cluster)?Role(Binding)?)$/.test(kind))
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  beforeAll(async () => {
    expect(await its.kubectl(['apply', '-f', '-'], manifest)).toMatchObject({ code: 0 })
  })
  afterAll(async () => void (await its.kubectl(['delete', '--ignore-not-found', '-f', '-'], manifest)))
}
