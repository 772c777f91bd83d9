// Whether a Job that was found is the one that the operator would create. The API server fills in defaults and admission webhooks
// change things, so the comparison is with what a dry run makes of the Job, not with the Job as the operator writes it.
import { isDeepStrictEqual } from 'node:util'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { jobs } from '../../kubernetes/resources.ts'

/** The API server adds five characters, so that no other Job can have the name of the dry run. */
const longestBeginning = 58

export async function isSameJob(client: Pick<KubeClient, 'create'>, wanted: Job, found: Job): Promise<boolean> {
  const { name, ...metadata } = wanted.metadata
  const generateName = name.slice(0, longestBeginning)
  try {
    const dry = await client.create(jobs, { ...wanted, metadata: { ...metadata, generateName } as Job['metadata'] }, { dryRun: true })
    return isMarkedAs(wanted, found) && isDeepStrictEqual(work(dry), work(found))
  } catch (error) {
    // A webhook that knows no dry runs: then there is no telling.
    if (error instanceof ApiError && error.status === 400) return false
    throw error
  }
}

/** Whether the Job found has the labels and annotations of the one wanted, some of which the operator reads later; it may have others. */
function isMarkedAs({ metadata: wanted }: Job, { metadata: found }: Job): boolean {
  const holds = (wantedMarks: Record<string, string> = {}, marks: Record<string, string> = {}) =>
    Object.entries(wantedMarks).every(([name, value]) => marks[name] === value)
  return holds(wanted.labels, found.labels) && holds(wanted.annotations, found.annotations)
}

/** What the Job does, without what is its own (uid, name) and what others may change while it works (suspend, parallelism). */
function work({ spec }: Job) {
  const { suspend: _suspend, parallelism: _parallelism, selector: _selector, template, ...rest } = spec ?? { template: {} }
  const { labels = {}, annotations = {} } = template.metadata ?? {}
  const own = Object.entries(labels).filter(([label]) => !/^(batch[.]kubernetes[.]io\/)?(job-name|controller-uid)$/.test(label))
  return { ...rest, labels: Object.fromEntries(own), annotations, pod: template.spec }
}
