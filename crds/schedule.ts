// When a pipeline runs by itself, and for how long what its runs leave behind is kept.
import Type, { type Static } from 'typebox'
import { scheduleRules } from './cluster-rules.ts'
import { defaults } from './defaults.ts'
import { closed, oneOf, period, text } from './shapes.ts'

export const Schedule = Type.Object(
  {
    cron: text(
      'Five fields (minute, hour, day of month, month, day of week with 0 for Sunday), such as "*/15 * * * *", or one of @hourly, @daily, ' +
        '@midnight, @weekly, @monthly, @yearly, @annually.',
      100,
    ),
    timeZone: Type.Optional(text('IANA name of the zone that the cron expression is in, such as Europe/Berlin. Default: UTC.', 64)),
    suspend: Type.Optional(Type.Boolean({ description: 'Whether the schedule pauses. Runs made by hand start all the same. Default: false.' })),
    concurrency: Type.Optional(
      oneOf(
        ['Queue', 'Skip', 'Replace', 'Allow'],
        'What happens to a run while another of this pipeline is at work: Queue waits for its turn; Skip ends it at once, unstarted; Replace ' +
          `cancels the other; Allow runs both. Default: ${defaults.concurrency}.`,
      ),
    ),
    catchUp: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10,
        description: `How many missed ticks, the latest first, are made up for when Headgate was away. Default: ${defaults.catchUp}.`,
      }),
    ),
  },
  closed('When the pipeline runs by itself.', scheduleRules),
)

export const Retention = Type.Object(
  {
    runs: Type.Optional(period(`Finished runs, on the cluster and in the store. Default: ${defaults.retention.runs}.`)),
    quarantine: Type.Optional(period(`Quarantine entries that are closed. Default: ${defaults.retention.quarantine}.`)),
    evidence: Type.Optional(period(`Raw pages kept as evidence. Default: ${defaults.retention.evidence}.`)),
  },
  closed('How long things are kept, such as 12h or 90d.'),
)

export type Schedule = Static<typeof Schedule>
export type Retention = Static<typeof Retention>
