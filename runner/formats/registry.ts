// The code of each kind of format. The compiler reports a kind of crds/formats/registry.ts that has none.
import type { Static } from 'typebox'
import type { formats } from '../../crds/formats/registry.ts'
import type { ConfigCheck } from '../config-check.ts'
import { checkEncoding } from '../text/check-encoding.ts'
import { CsvFormat } from './csv/format.ts'
import type { Format, SourceField } from './format.ts'
import { checkJson } from './json/check.ts'
import { JsonFormat } from './json/format.ts'

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
    check: checkEncoding,
  },
  json: { make: (config, declared) => new JsonFormat(config, declared), check: checkJson },
} satisfies { [Name in keyof typeof formats]: FormatCode<Static<(typeof formats)[Name]['config']>> }
