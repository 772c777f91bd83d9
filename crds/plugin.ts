// A class of the user's own, wherever a pipeline can name one.
import Type, { type Static } from 'typebox'
import { moduleForm } from './plugin-modules.ts'
import { closed, formed, identifier } from './shapes.ts'

export const Plugin = Type.Object(
  {
    module: formed('File of the module (./ or ../ first), relative to the pipeline, or the name of an installed package. Never a URL.', moduleForm),
    export: Type.Optional(identifier('Name of the exported class. Default: default.')),
    config: Type.Optional(Type.Unknown({ description: 'Handed to the class as it is.', 'x-kubernetes-preserve-unknown-fields': true })),
  },
  closed('A class of your own.'),
)

export type Plugin = Static<typeof Plugin>
