// What `headgate check` finds in format.json beyond its shape.
import type { JsonFormat } from '../../../crds/formats/json.ts'
import type { CheckContext, ConfigFinding } from '../../config-check.ts'
import { checkEncoding } from '../../text/check-encoding.ts'
import { parsePath } from './path.ts'

export function checkJson(config: JsonFormat, context: CheckContext): ConfigFinding[] {
  const { path, allowEmpty } = config
  const findings = checkEncoding(config, context)
  const parsed = path === undefined || !context.isValid(['path']) ? undefined : parsePath(path)
  if (typeof parsed === 'string') findings.push({ path: ['path'], code: 'json.path', message: `the path ${parsed}` })
  if (allowEmpty !== undefined && path === undefined) {
    findings.push({ path: ['allowEmpty'], code: 'json.allowEmpty', message: 'allowEmpty is about a path, and none is declared: remove it, or declare path' })
  }
  return findings
}
