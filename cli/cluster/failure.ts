// What the API server refuses, in the words of the command's failures: a documented code, and what to do. connect.ts calls it.
import { ApiError } from '../../operator/kubernetes/api-error.ts'
import { HeadgateError } from '../../sdk/errors.ts'
import type { Cluster } from './connect.ts'

/** Anything but an ApiError stays what it is. */
export function clusterFailure(error: unknown, { kubeConfig, namespace }: Pick<Cluster, 'kubeConfig' | 'namespace'>): unknown {
  if (!(error instanceof ApiError)) return error
  const server = kubeConfig.getCurrentCluster()?.server ?? 'the API server'
  const said = withoutRequest(error.message)
  const options = { cause: error }
  if (error.reason === 'NoCredentials' || error.status === 401) {
    return new HeadgateError(
      'ClusterDenied',
      `${server} does not know you (${said}); log in again, correct the kubeconfig, or choose another context with --context`,
      options,
    )
  }
  if (error.status === 0) {
    const retryable = { ...options, retryable: true }
    return new HeadgateError(
      'ClusterUnreachable',
      `${server} cannot be reached: ${said}; check the network, or choose another context with --context`,
      retryable,
    )
  }
  if (error.status === 403) return new HeadgateError('ClusterDenied', `${said}; ask for that right in namespace ${namespace}`, options)
  if (isKindMissing(error)) {
    return new HeadgateError(
      'HeadgateNotInstalled',
      `${server} does not know pipelines.headgate.dev: Headgate is not installed there; install it, or choose another context with --context`,
      options,
    )
  }
  if (error.reason === 'AlreadyExists') return new HeadgateError('RunExists', `${said}; choose another --name`, options)
  return new HeadgateError('ClusterRefused', said, options)
}

/** An API server answers an unknown path in plain text, or with this message. A missing object has the reason NotFound and a name. */
function isKindMissing(error: ApiError): boolean {
  return error.status === 404 && (error.reason !== 'NotFound' || /could not find the requested resource/.test(error.message))
}

/** The client's messages begin with method, path and status. */
function withoutRequest(message: string): string {
  return message.replace(/^[A-Z]+ \/\S+?:? (\d{3} )?/, '').trim()
}
