// Why a pipeline's schedule cannot be carried out: the controller of schedules writes it, that of pipelines' statuses shows it.
// In memory only: after a restart the schedule is tried again anyway.

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
