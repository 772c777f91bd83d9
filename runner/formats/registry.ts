// The code of each kind of format. The compiler reports a kind of crds/formats/registry.ts that has none.
import type { Static } from 'typebox'
import type { formats } from '../../crds/formats/registry.ts'
import type { ConfigCheck } from '../config-check.ts'
import { checkCsv } from './csv/check.ts'
import { CsvFormat } from './csv/format.ts'
import type { Format } from './format.ts'

export type FormatCode<Config> = ConfigCheck<Config> & {
  /** `declaredFields`: names of the declared fields in the source, in declared order. */
  make(config: Config, declaredFields: readonly string[]): Format
}

export const formatCode = {
  csv: { make: (config, declaredFields) => new CsvFormat(config, declaredFields), check: checkCsv },
} satisfies { [Name in keyof typeof formats]: FormatCode<Static<(typeof formats)[Name]['config']>> }
