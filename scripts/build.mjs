// npm run build: compiles to dist/, with the declarations of the SDK and the files beside the code that it reads at run time. Arguments go
// to tsc. The image and the npm package are built by it, too.
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'))

// What an earlier build left could be a migration that is gone.
rmSync(join(root, 'dist'), { recursive: true, force: true })
const tsc = join(root, 'node_modules', '.bin', 'tsc')
const compile = (project, ...args) => spawnSync(tsc, ['-p', project, ...args], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1
const status = compile('tsconfig.build.json', ...process.argv.slice(2)) || compile('tsconfig.sdk.json')
if (status === 0) for (const file of globSync(`{${include.join(',')}}/**/*.sql`, { cwd: root })) cpSync(join(root, file), join(root, 'dist', file))
process.exitCode = status
