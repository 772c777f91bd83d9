// Conditions of a status, as every Kubernetes object has them.
import Type, { type Static } from 'typebox'
import { closed, oneOf, word } from './shapes.ts'

const Condition = Type.Object(
  {
    type: word('What the condition is about.', 64),
    status: oneOf(['True', 'False', 'Unknown'], 'Whether it holds.'),
    reason: word('One stable word that says why, for programs; listed in the documentation.', 128),
    message: Type.String({ maxLength: 4096, description: 'What happened, to what, and what to do, for people.' }),
    lastTransitionTime: Type.String({ format: 'date-time', maxLength: 40, description: 'When status last changed.' }),
    observedGeneration: Type.Optional(Type.Integer({ minimum: 0, description: 'Generation of the object this was said about.' })),
  },
  closed('One thing that is known about the object.'),
)

/** A list of conditions, one of each type. */
export function conditionList(description: string) {
  return Type.Array(Condition, { description, maxItems: 8, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
}

export type Condition = Static<typeof Condition>
