// Pipelines that are refused for how they run: names, schedule, pods, limits in time.
import type { InvalidManifest } from './manifests.ts'

const identity: InvalidManifest[] = [
  {
    wrong: 'a name of 41 characters',
    changes: { 'metadata.name': 'a'.repeat(41) },
    refused: 'the name of a Pipeline has at most 40 characters, because runs and jobs are named after it: shorten it',
    offline: 'name must have at most 40 characters',
  },
  {
    wrong: 'a name with a dot',
    changes: { 'metadata.name': 'orders.daily' },
    refused: 'the name of a Pipeline consists of lower case letters, digits and hyphens, without dots',
    offline: 'use lower case letters, digits and hyphens',
  },
  {
    wrong: 'a name with capitals',
    changes: { 'metadata.name': 'Orders' },
    refused: 'the name of a Pipeline consists of lower case letters, digits and hyphens',
    offline: 'use lower case letters, digits and hyphens',
  },
  {
    wrong: 'an unknown version',
    changes: { apiVersion: 'headgate.dev/v1' },
    refused: 'no matches for kind "Pipeline" in version "headgate.dev/v1"',
    offline: 'apiVersion cannot be headgate.dev/v1: it is headgate.dev/v1alpha1',
  },
  { wrong: 'no spec', changes: { spec: undefined }, refused: 'spec: Required value', offline: 'spec is missing' },
]

const fiveFields = 'cron has five fields (minute, hour, day of month, month, day of week) or is one of @hourly'

const schedules: InvalidManifest[] = [
  { wrong: 'a schedule without cron', changes: { 'spec.schedule': {} }, refused: 'spec.schedule.cron: Required value', offline: 'cron is missing' },
  { wrong: 'four fields of cron', changes: { 'spec.schedule.cron': '* * * *' }, refused: fiveFields, offline: 'has 4 fields, not five' },
  { wrong: 'six fields of cron', changes: { 'spec.schedule.cron': '0 * * * * *' }, refused: fiveFields, offline: 'has 6 fields, not five' },
  { wrong: 'a macro that does not exist', changes: { 'spec.schedule.cron': '@often' }, refused: fiveFields, offline: 'not five' },
  { wrong: 'words for cron', changes: { 'spec.schedule.cron': 'every day at six o’clock' }, refused: fiveFields, offline: 'every is not within' },
  {
    wrong: 'a zone inside cron',
    changes: { 'spec.schedule.cron': 'CRON_TZ=Europe/Berlin 0 6 * * *' },
    refused: 'cron holds a time zone, which belongs into timeZone: move it there',
    offline: 'has 6 fields',
  },
  {
    wrong: 'a zone that is an offset',
    changes: { 'spec.schedule': { cron: '@daily', timeZone: '+02:00' } },
    refused: 'timeZone is the IANA name of a zone, such as Europe/Berlin or UTC',
    offline: 'no zone is called +02:00',
  },
  {
    wrong: 'the machine’s own zone',
    changes: { 'spec.schedule': { cron: '@daily', timeZone: 'Local' } },
    refused: 'timeZone is the IANA name of a zone',
    offline: 'no zone is called Local',
  },
  {
    wrong: 'an unknown concurrency',
    changes: { 'spec.schedule': { cron: '@daily', concurrency: 'Forbid' } },
    refused: 'Unsupported value: "Forbid": supported values: "Queue", "Skip", "Replace", "Allow"',
    offline: 'concurrency cannot be Forbid: it is one of Queue, Skip, Replace, Allow',
  },
  {
    wrong: 'too much to catch up',
    changes: { 'spec.schedule': { cron: '@daily', catchUp: 11 } },
    refused: 'spec.schedule.catchUp in body should be less than or equal to 10',
    offline: 'catchUp must be at most 10, not 11',
  },
]

const period = 'write a whole number and a unit, such as 30s, 5m, 2h or 90d'

const limits: InvalidManifest[] = [
  { wrong: 'a timeout in words', changes: { 'spec.timeout': '5 minutes' }, refused: period },
  { wrong: 'a timeout of nothing', changes: { 'spec.timeout': '0s' }, refused: period },
  { wrong: 'a start deadline without a unit', changes: { 'spec.startDeadline': '600' }, refused: period },
  { wrong: 'retention in weeks', changes: { 'spec.retention': { runs: '4w' } }, refused: period },
  { wrong: 'retention of milliseconds', changes: { 'spec.retention': { quarantine: '5ms' } }, refused: period },
  { wrong: 'a backoff in words', changes: { 'spec.retry': { backoff: { initial: '1 second' } } }, refused: 'such as 500ms, 30s, 5m, 2h or 90d' },
  {
    wrong: 'a ratio in per cent',
    changes: { 'spec.quality': { maxRejectedRatio: '5%' } },
    refused: 'write a number between 0 and 1 in quotes, such as "0.05"',
  },
  {
    wrong: 'more rows to be removed than there are',
    changes: { 'spec.quality': { maxRemovedRatio: '2' } },
    refused: 'write a number between 0 and 1 in quotes, such as "0.05"',
  },
  {
    wrong: 'a negative number of rejected records',
    changes: { 'spec.quality': { maxRejected: -1 } },
    refused: 'spec.quality.maxRejected in body should be greater than or equal to 0',
    offline: 'maxRejected must be at least 0, not -1',
  },
  {
    wrong: 'no worker at all',
    changes: { 'spec.workers': 0 },
    refused: 'spec.workers in body should be greater than or equal to 1',
    offline: 'workers must be at least 1, not 0',
  },
  {
    wrong: 'workers in words',
    changes: { 'spec.workers': 'four' },
    refused: 'spec.workers in body must be of type integer',
    offline: 'workers must be a whole number from 1 to 256, not four',
  },
  { wrong: 'a Secret with capitals', changes: { 'spec.redis': { secretRef: { name: 'Redis' } } }, refused: 'use lower case letters, digits, hyphens and dots' },
]

const pods: InvalidManifest[] = [
  { wrong: 'cpu in words', changes: { 'spec.resources': { requests: { cpu: 'two' } } }, refused: 'cpu is a number of cores such as "1" or "0.5"' },
  {
    wrong: 'memory in thousandths of a byte',
    changes: { 'spec.resources': { limits: { memory: '512m' } } },
    refused: 'memory is a number of bytes such as 512Mi',
  },
  {
    wrong: 'more cpu asked for than allowed',
    changes: { 'spec.resources': { requests: { cpu: 2 }, limits: { cpu: '500m' } } },
    refused: 'requests.cpu must not be above limits.cpu: lower it or raise the limit',
  },
  {
    wrong: 'more memory asked for than allowed',
    changes: { 'spec.resources': { requests: { memory: '1Gi' }, limits: { memory: '1G' } } },
    refused: 'requests.memory must not be above limits.memory',
  },
  {
    wrong: 'a label of Headgate’s',
    changes: { 'spec.pod': { labels: { 'headgate.dev/run': 'a' } } },
    refused: 'are set by others: choose another name for the label',
  },
  {
    wrong: 'a label value with a space',
    changes: { 'spec.pod': { labels: { team: 'data team' } } },
    refused: 'the value of a label consists of letters, digits',
  },
  { wrong: 'a label name with a space', changes: { 'spec.pod': { labels: { 'data team': 'a' } } }, refused: 'a name in labels consists of letters, digits' },
  {
    wrong: 'an annotation of Headgate’s',
    changes: { 'spec.pod': { annotations: { 'headgate.dev/run': 'a' } } },
    refused: 'choose another name for the annotation',
  },
  {
    wrong: 'a node label with a space',
    changes: { 'spec.pod': { nodeSelector: { disk: 'very fast' } } },
    refused: 'the value of a label consists of letters, digits',
  },
  {
    wrong: 'a value for Exists',
    changes: { 'spec.pod': { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } },
    refused: 'operator Exists compares no value: remove value or use Equal',
  },
  {
    wrong: 'a toleration of everything by mistake',
    changes: { 'spec.pod': { tolerations: [{ effect: 'NoSchedule' }] } },
    refused: 'a toleration without key tolerates every taint: say so with operator Exists, or give the key',
  },
  {
    wrong: 'tolerationSeconds for NoSchedule',
    changes: { 'spec.pod': { tolerations: [{ key: 'a', value: 'b', effect: 'NoSchedule', tolerationSeconds: 5 }] } },
    refused: 'tolerationSeconds is only for effect NoExecute',
  },
  {
    wrong: 'an empty image',
    changes: { 'spec.pod': { image: '' } },
    refused: 'spec.pod.image in body should be at least 1 chars long',
    offline: 'image must not be empty',
  },
]

export const invalidSettings = [...identity, ...schedules, ...limits, ...pods]
