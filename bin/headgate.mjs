#!/usr/bin/env node
// The headgate command: the compiled program where it is installed, the sources in a checkout.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const sources = new URL('../cli/main.ts', import.meta.url)
const compiled = new URL('../dist/cli/main.js', import.meta.url)
const pinnedNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
const program = existsSync(sources) ? sources : compiled

if (Number(process.versions.node.split('.')[0]) >= 24) await runHere()
else if (existsSync(pinnedNode)) runOn(pinnedNode)
else {
  process.stderr.write(`headgate needs Node 24 or newer, and this is ${process.version}\n`)
  process.exitCode = 1
}

/** As if it had been started by itself, so that the program sees its own name and arguments. */
async function runHere() {
  // Starting takes half as long when the code was compiled before.
  module.enableCompileCache()
  process.argv[1] = fileURLToPath(program)
  await import(program.href)
}

function runOn(node) {
  const child = spawn(node, [fileURLToPath(program), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => name === 'SIGINT' || child.kill(name))
  child.once('close', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
}
