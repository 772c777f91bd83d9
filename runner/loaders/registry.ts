// The code of each kind of destination. The compiler reports a kind of crds/destinations/registry.ts that has none.
import type { Static } from 'typebox'
import type { destinations } from '../../crds/destinations/registry.ts'
import type { Schema } from '../../crds/fields.ts'
import type { AnyLoader } from './capabilities.ts'
import { PostgresLoader } from './postgres/loader.ts'

export type LoaderCode<Config> = {
  make(config: Config, schema: Schema): AnyLoader
}

export const loaderCode = {
  postgres: { make: (destination, schema) => new PostgresLoader({ destination, schema }) },
} satisfies { [Name in keyof typeof destinations]: LoaderCode<Static<(typeof destinations)[Name]['config']>> }
