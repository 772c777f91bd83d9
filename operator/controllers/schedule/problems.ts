// Why a pipeline's schedule cannot be carried out, from the controller that tries to the one that writes the pipeline's status.
// In memory only: after a restart the schedule is tried again anyway.

export type ScheduleProblem = { generation: number | undefined; reason: 'ScheduleRefused' | 'ScheduleNameTaken'; message: string }

export class ScheduleProblems {
  readonly #problems = new Map<string, ScheduleProblem>()
  readonly #changed: (pipeline: string) => void

  /** `changed` is told which pipeline's status has something new to say. */
  constructor(changed: (pipeline: string) => void) {
    this.#changed = changed
  }

  get(pipeline: string): ScheduleProblem | undefined {
    return this.#problems.get(pipeline)
  }

  set(pipeline: string, problem: ScheduleProblem): void {
    this.#problems.set(pipeline, problem)
    this.#changed(pipeline)
  }

  clear(pipeline: string): void {
    if (this.#problems.delete(pipeline)) this.#changed(pipeline)
  }
}
