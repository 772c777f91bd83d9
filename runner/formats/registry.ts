// The code of each kind of format. The compiler reports a kind of crds/formats/registry.ts that has none.
import type { Static } from 'typebox'
import type { formats } from '../../crds/formats/registry.ts'
import type { ConfigCheck } from '../config-check.ts'
import { checkCsv } from './csv/check.ts'
import { CsvFormat } from './csv/format.ts'
import type { Format, SourceField } from './format.ts'

export type FormatCode<Config> = ConfigCheck<Config> & {
  /** `declared`: the declared fields, in declared order. */
  make(config: Config, declared: readonly SourceField[]): Format
}

export const formatCode = {
  csv: {
    make: (config, declared) =>
      new CsvFormat(
        config,
        declared.map(({ name }) => name),
      ),
    check: checkCsv,
  },
} satisfies { [Name in keyof typeof formats]: FormatCode<Static<(typeof formats)[Name]['config']>> }
