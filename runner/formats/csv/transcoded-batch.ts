// TranscodedBatch: a ByteBatch whose bytes are UTF-8 made from another encoding; its evidence is in the source's own.
import { ByteBatch, type ByteBatchParts } from '../../records/byte-batch.ts'

export class TranscodedBatch extends ByteBatch {
  readonly #original: (framed: Buffer) => Buffer

  constructor(parts: ByteBatchParts, original: (framed: Buffer) => Buffer) {
    super(parts)
    this.#original = original
  }

  override raw(index: number): Buffer {
    return this.#original(this.framed(index))
  }
}
