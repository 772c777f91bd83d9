// What all commands share: options, output, and exit. Used by main.ts and commands/cluster-verbs.ts.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { failureOf } from '../sdk/thrown.ts'
import { exitCodes } from './exit-codes.ts'
import type { Terminal } from './output.ts'

export type OutputOptions = { output?: 'text' | 'json' }

/** What main.ts passes to modules that add commands. */
export type CommandLine = { program: string; signal: AbortSignal }

export function withOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>', 'text for people, json for programs').choices(['text', 'json']).default('text'))
}

export function withStore(command: Command): Command {
  return command.option('--database <url>', 'PostgreSQL to use; without one, an embedded one under .headgate/')
}

export function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give a whole number of at least 1')
}

/** For options that may be given several times. */
export function collected(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value]
}

export function terminalOf({ program }: CommandLine, options: OutputOptions): Terminal {
  return {
    form: options.output ?? 'text',
    program,
    colours: process.stdout.isTTY === true && process.stdout.hasColors(),
    write: (text) => process.stdout.write(text),
  }
}

/** Sets the exit code, and prints a failure in the chosen output format. */
export async function finish({ signal }: CommandLine, command: Promise<number>, { output }: OutputOptions): Promise<void> {
  try {
    process.exitCode = await command
  } catch (error) {
    const { code, ...failure } = failureOf(error)
    const message = code === 'Internal' && error instanceof Error && typeof error.stack === 'string' ? error.stack : failure.message
    if (output === 'json') process.stdout.write(`${JSON.stringify({ error: { code, message } }, undefined, 2)}\n`)
    else process.stderr.write(`headgate: ${code}: ${message}\n`)
    process.exitCode = signal.aborted ? exitCodes.interrupted : isUsage(code) ? exitCodes.usage : exitCodes.failed
  }
  // Headgate's own resources are closed; a plugin that still waits for its source must not keep the process alive.
  if (signal.aborted) process.exit()
}

function isUsage(code: string): boolean {
  return code === 'InvalidPipeline' || code === 'InvalidParams' || code === 'InvalidCursor' || code === 'InvalidConfig' || code === 'ClusterNotConfigured'
}
