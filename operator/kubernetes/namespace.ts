// Detects whether a namespace is being deleted. The operator may not read namespaces, because an installation for selected namespaces cannot
// be granted that. But the API server refuses to create objects in such a namespace, with a specific cause, also in a dry run.
import { ApiError } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { configMaps } from './resources.ts'

/** Throws ApiError if the API server does not give a clear answer. */
export async function isTerminating(client: Pick<KubeClient, 'create'>, namespace: string): Promise<boolean> {
  try {
    await client.create(configMaps, { metadata: { name: 'headgate-dry-run', namespace } }, { dryRun: true })
    return false
  } catch (error) {
    if (isNamespaceGone(error)) return true
    // The API server checks the namespace first, so any other refusal means that it is not terminating.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) return false
    throw error
  }
}

/** Whether an object could not be created because its namespace is being deleted or does not exist. */
export function isNamespaceGone(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false
  return (error.status === 403 && error.causes.includes('NamespaceTerminating')) || (error.status === 404 && /namespaces? "/.test(error.message))
}
