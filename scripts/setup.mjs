// npm run …: installs what is missing, then runs the target given as arguments with the pinned Node first on PATH.
// Plain JavaScript without dependencies, because it runs before anything is installed, on whatever Node ≥ 20 is there.
// Example: node scripts/setup.mjs node cli/main.ts demo --once
import { completeInstallation, install, isInstalled } from './install.mjs'
import { runTarget } from './run-target.mjs'

const MINIMUM_NODE = 20

async function main([program, ...args]) {
  if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) {
    throw new Error(`Node ${MINIMUM_NODE} or newer is needed to set up, and this is ${process.version}; see https://nodejs.org`)
  }
  if (!isInstalled()) await install()
  await completeInstallation()
  if (program !== undefined) await runTarget(program, args)
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`set-up failed: ${error.message}\n`)
  process.exitCode = 1
})
