// Where the parts of a test cluster are; the scripts beside this file put them there (lib.sh).
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Folder with etcd, kube-apiserver, kubectl and helm, if `npm run cluster:setup` has built them. */
export function builtPrograms(): string | undefined {
  const cache = process.env.HEADGATE_CLUSTER_CACHE ?? join(homedir(), '.cache', 'headgate-cluster')
  const folder = join(cache, 'bin')
  return existsSync(join(folder, 'kube-apiserver')) ? folder : undefined
}
