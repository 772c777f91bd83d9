// The code of each kind of source. The compiler reports a kind of crds/sources/registry.ts that has none.
import type { Static } from 'typebox'
import type { sources } from '../../crds/sources/registry.ts'
import type { ConfigCheck } from '../config-check.ts'
import { checkFiles } from './files/check.ts'
import { FilesSource } from './files/source.ts'
import type { Source } from './source.ts'

export type SourceCode<Config> = ConfigCheck<Config> & {
  make(config: Config): Source
}

export const sourceCode = {
  files: { make: (config) => new FilesSource(config), check: checkFiles },
} satisfies { [Name in keyof typeof sources]: SourceCode<Static<(typeof sources)[Name]['config']>> }
