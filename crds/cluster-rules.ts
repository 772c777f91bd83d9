// The rules, in CEL, for what only a cluster acts on: names, schedules, pods, and what a PipelineRun may change.
import { maxPipelineName, maxRunName } from './metadata.ts'
import type { CelRule } from './shapes.ts'

function nameRules(what: string, limit: number, why: string): CelRule[] {
  return [
    {
      rule: `!has(self.metadata.name) || self.metadata.name.size() <= ${limit}`,
      message: `the name of a ${what} has at most ${limit} characters, because ${why}: shorten it`,
      fieldPath: '.metadata.name',
    },
    {
      rule: "!has(self.metadata.name) || self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
      message: `the name of a ${what} consists of lower case letters, digits and hyphens, without dots: choose another`,
      fieldPath: '.metadata.name',
    },
  ]
}

export const pipelineRules = nameRules('Pipeline', maxPipelineName, 'runs and jobs are named after it')
export const runRules = nameRules('PipelineRun', maxRunName, 'pods are named after it')

const macros = ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually']

export const scheduleRules: CelRule[] = [
  {
    rule: "!self.cron.contains('TZ=')",
    message: 'cron holds a time zone, which belongs into timeZone: move it there',
    fieldPath: '.cron',
  },
  {
    rule: `self.cron.contains('TZ=') || self.cron in ${JSON.stringify(macros).replaceAll('"', "'")} || self.cron.matches('^[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4}$')`,
    message: `cron has five fields (minute, hour, day of month, month, day of week) or is one of ${macros.join(', ')}: correct it`,
    fieldPath: '.cron',
  },
  {
    rule: "!has(self.timeZone) || (self.timeZone != 'Local' && self.timeZone.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$'))",
    message: 'timeZone is the IANA name of a zone, such as Europe/Berlin or UTC: correct it',
    fieldPath: '.timeZone',
  },
]

export const resourceListRules: CelRule[] = [
  {
    rule: "!has(self.cpu) || string(self.cpu).matches('^([0-9]{1,6}m|[0-9]{1,4}([.][0-9]{1,3})?)$')",
    message: 'cpu is a number of cores such as "1" or "0.5", or of thousandths such as 500m: correct it',
    fieldPath: '.cpu',
  },
  {
    rule: "!has(self.memory) || string(self.memory).matches('^[1-9][0-9]{0,14}([.][0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?$')",
    message: 'memory is a number of bytes such as 512Mi or 2Gi (a small m would be thousandths of a byte): correct it',
    fieldPath: '.memory',
  },
]

function notAboveLimit(resource: string): CelRule {
  const [asked, limit] = [`string(self.requests.${resource})`, `string(self.limits.${resource})`]
  return {
    rule:
      `!has(self.requests) || !has(self.limits) || !has(self.requests.${resource}) || !has(self.limits.${resource}) || ` +
      `!isQuantity(${asked}) || !isQuantity(${limit}) || quantity(${asked}).compareTo(quantity(${limit})) <= 0`,
    message: `requests.${resource} must not be above limits.${resource}: lower it or raise the limit`,
    fieldPath: `.requests.${resource}`,
  }
}

export const resourceRules = [notAboveLimit('cpu'), notAboveLimit('memory')]

export const tolerationRules: CelRule[] = [
  {
    rule: "!has(self.value) || !has(self.operator) || self.operator != 'Exists'",
    message: 'operator Exists compares no value: remove value or use Equal',
    fieldPath: '.value',
    reason: 'FieldValueForbidden',
  },
  {
    rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
    message: 'a toleration without key tolerates every taint: say so with operator Exists, or give the key',
    fieldPath: '.operator',
  },
  {
    rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message: 'tolerationSeconds is only for effect NoExecute: remove it or set the effect',
    fieldPath: '.tolerationSeconds',
    reason: 'FieldValueForbidden',
  },
]

/** Names of labels and annotations, with or without a prefix. */
const qualifiedName = '^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'

function qualified(what: string): CelRule {
  return {
    rule: `self.all(k, k.size() <= 317 && k.matches('${qualifiedName}'))`,
    message: `a name in ${what} consists of letters, digits, hyphens, underscores and dots, at most 63, with or without a prefix and a slash: correct it`,
  }
}

const labelValues: CelRule = {
  rule: "self.all(k, self[k].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
  message: 'the value of a label consists of letters, digits, hyphens, underscores and dots, at most 63: correct it',
}

function reserved(what: string, names: readonly string[]): CelRule {
  const list = names.map((name) => `'${name}'`).join(', ')
  return {
    rule: `!self.exists(k, k.startsWith('headgate.dev/') || k.startsWith('batch.kubernetes.io/') || k in [${list}])`,
    message: `${['names that begin with headgate.dev/ or batch.kubernetes.io/', ...names].join(', ')} are set by others: choose another name for the ${what}`,
    reason: 'FieldValueForbidden',
  }
}

export const labelRules = [
  qualified('labels'),
  labelValues,
  reserved('label', ['app.kubernetes.io/managed-by', 'app.kubernetes.io/component', 'job-name', 'controller-uid']),
]
export const annotationRules = [qualified('annotations'), reserved('annotation', [])]
export const nodeSelectorRules = [qualified('nodeSelector'), labelValues]

export const paramRules: CelRule[] = [
  {
    rule: "self.all(k, k.size() <= 63 && k.matches('^[A-Za-z_][A-Za-z0-9_]*$'))",
    message: 'the name of a parameter consists of letters, digits and underscores, at most 63, and begins with no digit: correct it',
  },
]

export const intervalRules: CelRule[] = [
  {
    rule: 'timestamp(self.start) < timestamp(self.end)',
    message: 'the interval must start before it ends: swap start and end or correct one',
    fieldPath: '.start',
  },
]

function unchanging(field: string): CelRule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot change once the run is created: create another run`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  }
}

export const runSpecRules: CelRule[] = [
  unchanging('pipelineRef'),
  unchanging('params'),
  unchanging('interval'),
  unchanging('allowRemoval'),
  {
    rule: '!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)',
    message: 'a cancelled run stays cancelled: leave cancel at true, and create another run to load again',
    fieldPath: '.cancel',
    reason: 'FieldValueForbidden',
  },
]
