// FilesSource: files of the worker's own file system, by path or glob.
import { hash } from 'node:crypto'
import { type FileHandle, open, opendir, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { FilesSource as FilesConfig } from '../../../crds/pipeline.ts'
import { HeadgateError, type RunContext } from '../../../sdk/index.ts'
import { messageOf } from '../../../sdk/thrown.ts'
import { renderPaths } from '../../templates/paths.ts'
import { inParallel } from '../in-parallel.ts'
import type { Input, Source } from '../source.ts'
import { filesMatching, fixedFolder, isGlob } from './glob.ts'
import { closestTo } from './missing.ts'

const headBytes = 64 << 10
/** More than Kubernetes lets a ConfigMap hold. */
const configMapBytes = 2 << 20
const chunkBytes = 1 << 20

/**
 * Identifies a file, to detect another one under the same name. 64-bit numbers are strings. Each pod has its own copy of a ConfigMap,
 * written when the pod started, so there the time is not compared, and `head` covers the whole file.
 */
type FileIdentity = { path: string; size: number; mtimeNanoseconds: string | null; head: string }

export class FilesSource implements Source {
  readonly config: FilesConfig

  constructor(config: FilesConfig) {
    this.config = config
  }

  get slicePerInput(): boolean {
    return this.config.commitPerFile === true
  }

  async *inputs(run: RunContext): AsyncIterable<Input> {
    const seen = new Set<string>()
    const present: string[] = []
    for (const pattern of renderPaths(this.config.paths, run)) {
      run.signal.throwIfAborted()
      for (const path of await this.#matches(pattern, run.folder)) {
        const absolute = resolve(run.folder, path)
        if (seen.has(absolute)) continue
        seen.add(absolute)
        if (this.config.allowEmpty === true && (await isAbsent(absolute))) continue
        present.push(path)
      }
    }
    for await (const identity of inParallel(present, (path) => this.#identify(path, run.folder))) {
      run.signal.throwIfAborted()
      yield { name: identity.path, size: identity.size, identity }
    }
  }

  async *open(input: Input, start: number, end: number | undefined, run: RunContext): AsyncIterable<Buffer> {
    const { path, size, head } = input.identity as FileIdentity
    const file = await opened(path, run.folder)
    try {
      const until = Math.min(end ?? size, size)
      const whole = start === 0 && until === size && this.verifiesItself(input)
      if (whole) await checkSize(file, path, size)
      let read = start
      for await (const chunk of chunks(file, start, until, run.signal)) {
        read += chunk.length
        if (whole && hashOf(chunk) !== head) throw changed(path, 'its bytes are others')
        yield chunk
      }
      if (read < until) throw changed(path, `it ends after ${read} bytes instead of ${size}`)
    } catch (error) {
      // An error of the file system, such as EIO; errors of the reader are not caught here.
      throw isSystemError(error) ? unreadable(path, 'read', error) : error
    } finally {
      await file.close()
    }
  }

  /** What is hashed of a small file is all of it, and it is read in one piece. */
  verifiesItself(input: Input): boolean {
    const { size } = input.identity as FileIdentity
    return size > 0 && size <= Math.min(this.#hashedBytes, chunkBytes)
  }

  async verify(input: Input, run: RunContext): Promise<void> {
    const planned = input.identity as FileIdentity
    const present = await this.#identify(planned.path, run.folder)
    if (present.size !== planned.size) throw changed(planned.path, `it has ${present.size} bytes instead of ${planned.size}`)
    if (present.mtimeNanoseconds !== planned.mtimeNanoseconds) throw changed(planned.path, 'it was written again')
    if (present.head !== planned.head) throw changed(planned.path, 'its first bytes are others')
  }

  async #identify(path: string, folder: string): Promise<FileIdentity> {
    const file = await opened(path, folder)
    try {
      const stats = await file.stat({ bigint: true })
      const size = Number(stats.size)
      const head = Buffer.allocUnsafe(Math.max(1, Math.min(size, this.#hashedBytes)))
      const { bytesRead } = await file.read(head, 0, head.length, 0)
      return { path, size, mtimeNanoseconds: this.#copied ? null : String(stats.mtimeNs), head: hashOf(head.subarray(0, bytesRead)) }
    } catch (error) {
      throw isSystemError(error) ? unreadable(path, 'read', error) : error
    } finally {
      await file.close()
    }
  }

  /** Whether each pod has a copy of its own. */
  get #copied(): boolean {
    return this.config.volume?.configMap !== undefined
  }

  get #hashedBytes(): number {
    return this.#copied ? configMapBytes : headBytes
  }

  async #matches(pattern: string, folder: string): Promise<string[]> {
    if (!isGlob(pattern) || (await exists(resolve(folder, pattern)))) return [pattern]
    const found = (await filesMatching(pattern, folder)).filter((path) => !isShadow(path))
    if (found.length === 0) await checkReadable(fixedFolder(pattern), folder)
    if (found.length === 0 && this.config.allowEmpty !== true) throw await notFound(pattern, folder)
    const prefix = `${resolve(folder)}/`
    const named = found.map((path) => (!pattern.startsWith('/') && path.startsWith(prefix) ? path.slice(prefix.length) : path))
    return [...new Set(named)].sort((one, other) => (one < other ? -1 : 1))
  }
}

async function checkSize(file: FileHandle, path: string, planned: number): Promise<void> {
  const { size } = await file.stat()
  if (size !== planned) throw changed(path, `it has ${size} bytes instead of ${planned}`)
}

function hashOf(bytes: Buffer): string {
  return hash('sha256', bytes, 'hex')
}

/** Kubernetes keeps the files of a ConfigMap in folders whose names begin with `..`, and links to them. */
function isShadow(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('..'))
}

/** A file's name may look like a glob. */
async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Returns false if the path cannot be examined: a failing volume must not count as a missing file. */
async function isAbsent(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: unknown) => isAbsence(error),
  )
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** A glob search skips folders that it cannot read, but the folder in which it begins has to be readable. Throws SourceUnreadable. */
async function checkReadable(path: string, folder: string): Promise<void> {
  try {
    const entries = await opendir(resolve(folder, path))
    await entries.read().finally(() => entries.close())
  } catch (error) {
    if (!isAbsence(error)) throw unreadable(path, 'listed', error)
  }
}

/** Reads one chunk ahead, so that the disk works while the records of the last chunk are processed. */
async function* chunks(file: FileHandle, start: number, end: number, signal: AbortSignal): AsyncIterable<Buffer> {
  const bufferBytes = Math.max(0, Math.min(chunkBytes, end - start))
  const buffers = [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)] as const
  let position = start
  const readInto = async (buffer: Buffer): Promise<Buffer> => {
    const length = Math.min(buffer.length, end - position)
    if (length <= 0) return buffer.subarray(0, 0)
    const { bytesRead } = await file.read(buffer, 0, length, position)
    position += bytesRead
    return buffer.subarray(0, bytesRead)
  }
  let turn = 0
  let ahead = readInto(buffers[0])
  try {
    for (;;) {
      const chunk = await ahead
      signal.throwIfAborted()
      if (chunk.length === 0) return
      turn = 1 - turn
      ahead = readInto(buffers[turn] as Buffer)
      ahead.catch(() => undefined)
      yield chunk
    }
  } finally {
    await ahead.catch(() => undefined)
  }
}

async function opened(path: string, folder: string): Promise<FileHandle> {
  try {
    const absolute = resolve(folder, path)
    // Before opening, because opening a pipe would wait for its writer.
    const stats = await stat(absolute)
    if (!stats.isFile()) throw notAFile(path, stats.isDirectory())
    return await open(absolute, 'r')
  } catch (cause) {
    if (cause instanceof HeadgateError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw await notFound(path, folder, cause)
    throw unreadable(path, 'opened', cause)
  }
}

function unreadable(path: string, what: 'opened' | 'read' | 'listed', cause: unknown): HeadgateError {
  return new HeadgateError('SourceUnreadable', `${path} cannot be ${what}: ${messageOf(cause)}`, { cause })
}

function notAFile(path: string, isFolder: boolean): HeadgateError {
  const advice = isFolder ? `is a folder; name a file in it, or a glob such as ${join(path, '*.csv')}` : 'is not a regular file; name one'
  return new HeadgateError('SourceUnreadable', `${path} ${advice}`)
}

async function notFound(path: string, folder: string, cause?: unknown): Promise<HeadgateError> {
  const closest = await closestTo(path, folder)
  const hint = closest === undefined ? 'check the path, or set allowEmpty if having no file is fine' : `did you mean ${closest}?`
  return new HeadgateError('SourceNotFound', `no file matches ${path} in ${folder}; ${hint}`, { cause })
}

function changed(path: string, how: string): HeadgateError {
  return new HeadgateError('SourceChanged', `${path} changed since the run was planned: ${how}; start a new run`)
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
