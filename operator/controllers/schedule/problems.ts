// Problems with pipelines' schedules: written by the schedule controller, shown by the pipeline status controller. In memory only, because
// after a restart every schedule is reconciled again.

export type ScheduleProblem = { generation: number | undefined; reason: 'ScheduleRefused' | 'ScheduleNameTaken'; message: string }

export class ScheduleProblems {
  readonly #problems = new Map<string, ScheduleProblem>()
  #onNews: (pipeline: string) => void = () => {}

  /** `listener` is called for each pipeline (`namespace/name`) whose problem has changed. */
  onNews(listener: (pipeline: string) => void): void {
    this.#onNews = listener
  }

  get(pipeline: string): ScheduleProblem | undefined {
    return this.#problems.get(pipeline)
  }

  set(pipeline: string, problem: ScheduleProblem): void {
    this.#problems.set(pipeline, problem)
    this.#onNews(pipeline)
  }

  clear(pipeline: string): void {
    if (this.#problems.delete(pipeline)) this.#onNews(pipeline)
  }
}
