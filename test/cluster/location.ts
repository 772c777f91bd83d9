// Where the parts of a test cluster are; the scripts beside this file put them there (lib.sh).
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

function cache(...path: string[]): string {
  return join(process.env.HEADGATE_CLUSTER_CACHE ?? join(homedir(), '.cache', 'headgate-cluster'), ...path)
}

/** Folder with etcd, kube-apiserver, kubectl and helm, if `npm run cluster:setup` has built them. */
export function builtPrograms(): string | undefined {
  return existsSync(cache('stamps', 'programs')) ? cache('bin') : undefined
}

/** Whether it has also made the images that every cluster needs, which it does as root only; redis is the last. */
export function hasImages(): boolean {
  return existsSync(cache('stamps', 'docker.io_library_redis_7.0'))
}
