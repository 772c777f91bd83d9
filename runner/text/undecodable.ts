// doubtUndecodable: finds the records of a batch whose bytes are not text in the declared encoding. Used by formats of text.
import type { Frames } from '../records/frames.ts'
import type { TextEncoding } from './encoding.ts'

/** Records with invalid text are never plain. One check of the whole block suffices for nearly all blocks. */
export function doubtUndecodable({ rows, plain, size }: Frames, bytes: Buffer, encoding: TextEncoding): void {
  if (encoding.decodable(bytes.subarray(rows[0], rows[2 * size - 1]))) return
  for (let row = 0; row < size; row++) {
    if (!encoding.decodable(bytes.subarray(rows[2 * row], rows[2 * row + 1]))) plain[row] = 0
  }
}
