// PipelineRuns that are refused when they are made, and changes that are refused afterwards.
import type { Changes, InvalidManifest } from './manifests.ts'

const moment = '2026-03-01T00:00:00Z'
const params = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`p${index}`, 'a']))

export const invalidRuns: InvalidManifest[] = [
  {
    wrong: 'a name of 60 characters',
    changes: { 'metadata.name': 'a'.repeat(60) },
    refused: 'the name of a PipelineRun has at most 59 characters, because pods are named after it: shorten it',
    offline: 'name must have at most 59 characters',
  },
  {
    wrong: 'a name with a dot',
    changes: { 'metadata.name': 'orders.1' },
    refused: 'the name of a PipelineRun consists of lower case letters, digits and hyphens, without dots',
    offline: 'use lower case letters, digits and hyphens',
  },
  { wrong: 'no pipeline', changes: { 'spec.pipelineRef': undefined }, refused: 'spec.pipelineRef: Required value', offline: 'pipelineRef is missing' },
  { wrong: 'a pipeline with capitals', changes: { 'spec.pipelineRef.name': 'Orders' }, refused: 'use lower case letters, digits, hyphens and dots' },
  {
    wrong: 'an interval that ends before it starts',
    changes: { 'spec.interval': { start: '2026-03-02T00:00:00Z', end: moment } },
    refused: 'the interval must start before it ends: swap start and end or correct one',
  },
  {
    wrong: 'an interval that ends before it starts in another zone',
    changes: { 'spec.interval': { start: moment, end: '2026-03-01T00:30:00+01:00' } },
    refused: 'the interval must start before it ends',
  },
  { wrong: 'an empty interval', changes: { 'spec.interval': { start: moment, end: moment } }, refused: 'the interval must start before it ends' },
  {
    wrong: 'an interval without an end',
    changes: { 'spec.interval': { start: moment } },
    refused: 'spec.interval.end: Required value',
    offline: 'end is missing',
  },
  {
    wrong: 'a moment without a zone',
    changes: { 'spec.interval': { start: '2026-03-01T00:00:00', end: moment } },
    refused: 'spec.interval.start in body should match',
    offline: 'write a moment of RFC 3339 with its zone',
  },
  {
    wrong: 'a day that does not exist',
    changes: { 'spec.interval': { start: '2026-02-30T00:00:00Z', end: moment } },
    refused: 'spec.interval.start in body must be of type date-time',
    offline: 'start cannot be 2026-02-30T00:00:00Z',
  },
  {
    wrong: 'a parameter whose name begins with a digit',
    changes: { 'spec.params': { '1a': 'b' } },
    refused: 'the name of a parameter consists of letters, digits',
  },
  {
    wrong: 'a parameter that is a number',
    changes: { 'spec.params': { day: 5 } },
    refused: 'spec.params.day in body must be of type string',
    offline: 'day must be text, not 5: put it in quotes',
  },
  {
    wrong: 'too many parameters',
    changes: { 'spec.params': params },
    refused: 'spec.params: Too many: 65: must have at most 64 items',
    offline: 'params must have at most 64 entries',
  },
  {
    wrong: 'a misspelt field',
    changes: { 'spec.intervall': { start: moment } },
    refused: 'unknown field "spec.intervall"',
    offline: 'unknown field intervall; did you mean interval?',
  },
  {
    wrong: 'cancel in words',
    changes: { 'spec.cancel': 'yes' },
    refused: 'spec.cancel in body must be of type boolean',
    offline: 'cancel must be true or false, not yes',
  },
]

export type RefusedChange = { wrong: string; before: Changes; after: Changes; refused: string }

export const refusedChanges: RefusedChange[] = [
  {
    wrong: 'another pipeline',
    before: {},
    after: { 'spec.pipelineRef.name': 'others' },
    refused: 'pipelineRef cannot change once the run is created: create another run',
  },
  { wrong: 'another parameter', before: { 'spec.params': { day: '1' } }, after: { 'spec.params': { day: '2' } }, refused: 'params cannot change once' },
  { wrong: 'parameters added', before: {}, after: { 'spec.params': { day: '2' } }, refused: 'params cannot change once' },
  { wrong: 'parameters removed', before: { 'spec.params': { day: '1' } }, after: { 'spec.params': undefined }, refused: 'params cannot change once' },
  {
    wrong: 'another interval',
    before: { 'spec.interval': { start: '2026-02-01T00:00:00Z', end: moment } },
    after: { 'spec.interval': { start: '2026-01-01T00:00:00Z', end: moment } },
    refused: 'interval cannot change once',
  },
  {
    wrong: 'an interval added',
    before: {},
    after: { 'spec.interval': { start: '2026-01-01T00:00:00Z', end: moment } },
    refused: 'interval cannot change once',
  },
  {
    wrong: 'a removal allowed afterwards',
    before: {},
    after: { 'spec.allowRemoval': true },
    refused: 'allowRemoval cannot change once',
  },
  {
    wrong: 'cancel taken back',
    before: { 'spec.cancel': true },
    after: { 'spec.cancel': false },
    refused: 'a cancelled run stays cancelled: leave cancel at true',
  },
  { wrong: 'cancel removed', before: { 'spec.cancel': true }, after: { 'spec.cancel': undefined }, refused: 'a cancelled run stays cancelled' },
]
