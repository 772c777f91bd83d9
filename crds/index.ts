// The API for those who act on it: types, names and defaults. The TypeBox definitions stay behind, because making them costs a
// command's start.
export * from './defaults.ts'
export { durationMilliseconds, shortDuration } from './durations.ts'
export * from './metadata.ts'
export type { Pipeline, PipelineSpec } from './pipeline.ts'
export type { Interval, PipelineRun, PipelineRunSpec } from './pipeline-run.ts'
export * from './redis-keys.ts'
export { type RunSnapshot, snapshotKey, snapshotName } from './snapshot.ts'
export type { Condition, PipelineRunStatus, PipelineStatus, RunFailure, RunPhase, RunRecords, RunSlices, RunTimings } from './status.ts'
export { maxWorkerReportBytes, type WorkerReport, workerExitCodes } from './worker-report.ts'
