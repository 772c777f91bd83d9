// Courtesy: lets the short questions of a commit be answered before the next block of input is worked on. A process does one
// thing at a time; without this each of a commit's ten round trips would wait for a block, and PostgreSQL with it.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Answers that take longer are those of long statements: there is time for a block meanwhile. */
const shortMilliseconds = 2

export class Courtesy {
  #asked = 0
  #since = 0

  /** Notes the time between a question and its answer. */
  async during<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    this.#asked++
    this.#since = performance.now()
    try {
      return await question()
    } finally {
      this.#asked--
    }
  }

  /** Resolves when no question is being answered, or the answer takes its time. */
  async wait(): Promise<void> {
    do await nextTurn()
    while (this.#asked > 0 && performance.now() - this.#since < shortMilliseconds)
  }
}
