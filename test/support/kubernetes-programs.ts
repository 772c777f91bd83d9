// kubectl and helm for one server, without a trace in the user's home; see kubernetes.ts.
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type KubernetesPrograms = {
  /** Where they are; on PATH if left out. */
  folder?: string | undefined
  kubeconfigPath: string
}

export type ProgramResult = { code: number; stdout: string; stderr: string }

const OUTPUT_BYTES = 64 * 1024 * 1024

/** Returns the result for any exit code. `input` goes to standard input, as for `kubectl apply --filename -`. */
export function runProgram(programs: KubernetesPrograms, name: 'kubectl' | 'helm', args: readonly string[], input?: string): Promise<ProgramResult> {
  const path = programs.folder === undefined ? name : join(programs.folder, name)
  return new Promise((resolve) => {
    const child = execFile(path, args, { env: environment(programs), maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr })
    })
    child.stdin?.on('error', () => {}) // a program may end without reading it
    child.stdin?.end(input)
  })
}

/** kubectl remembers by address which kinds a server has, and a later server may have the same port; so that is kept beside the kubeconfig. */
function environment({ kubeconfigPath }: KubernetesPrograms): NodeJS.ProcessEnv {
  const isOurs = kubeconfigPath.startsWith(tmpdir())
  const home = isOurs ? { KUBECACHEDIR: join(dirname(kubeconfigPath), 'kubectl'), HELM_CACHE_HOME: join(dirname(kubeconfigPath), 'helm') } : {}
  return { ...process.env, KUBECONFIG: kubeconfigPath, ...home }
}
