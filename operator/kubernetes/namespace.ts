// Whether a namespace is being deleted. The operator has no right to read namespaces, because an installation for some namespaces cannot
// have it. But the API server refuses to create anything in such a namespace and says why, also in a dry run.
import { ApiError } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { configMaps } from './resources.ts'

/** Throws ApiError if there is no telling. */
export async function isTerminating(client: Pick<KubeClient, 'create'>, namespace: string): Promise<boolean> {
  try {
    await client.create(configMaps, { metadata: { name: 'headgate-dry-run', namespace } }, { dryRun: true })
    return false
  } catch (error) {
    if (isNamespaceGone(error)) return true
    // Any other refusal comes from a check after that of the namespace.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) return false
    throw error
  }
}

/** Whether something could not be created because its namespace is being deleted, or is gone. */
export function isNamespaceGone(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false
  return (error.status === 403 && error.causes.includes('NamespaceTerminating')) || (error.status === 404 && /namespaces? "/.test(error.message))
}
