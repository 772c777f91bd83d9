// A class of the user's own, wherever a pipeline can name one.
import Type, { type Static } from 'typebox'
import { moduleForm } from './plugin-modules.ts'
import { boundedList, closed, formed, identifier, objectName } from './shapes.ts'

export const Plugin = Type.Object(
  {
    module: formed('File of the module (./ or ../ first), relative to the pipeline, or the name of an installed package. Never a URL.', moduleForm),
    export: Type.Optional(identifier('Name of the exported class. Default: default.')),
    secrets: Type.Optional(
      boundedList(
        Type.Object(
          {
            name: objectName('Name of the Secret.'),
            key: formed('Key in the Secret.', { pattern: '^[-._a-zA-Z0-9]+$', form: 'write letters, digits, -, _ and . only', maxLength: 253 }),
          },
          closed('A key of a Secret of the pipeline’s namespace.'),
        ),
        16,
        'Secrets that the class reads by run.environment.secret(name, key). On a laptop they are in environment variables, HEADGATE_SECRET_NAME_KEY in capitals.',
      ),
    ),
    config: Type.Optional(Type.Unknown({ description: 'Handed to the class as it is.', 'x-kubernetes-preserve-unknown-fields': true })),
  },
  closed('A class of your own.'),
)

export type Plugin = Static<typeof Plugin>
