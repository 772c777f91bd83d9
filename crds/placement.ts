// What a worker's pod gets from the cluster: resources, image, node, labels.
import Type, { type Static } from 'typebox'
import { annotationRules, labelRules, nodeSelectorRules, resourceListRules, resourceRules, tolerationRules } from './cluster-rules.ts'
import { boundedList, closed, objectName, oneOf, quantity, stringMap, text, word } from './shapes.ts'

const ResourceList = (description: string) =>
  Type.Object(
    {
      cpu: Type.Optional(quantity('Cores, such as "1", "0.5" or 500m.')),
      memory: Type.Optional(quantity('Bytes, such as 512Mi or 2Gi.')),
    },
    closed(description, resourceListRules),
  )

export const Resources = Type.Object(
  {
    requests: Type.Optional(ResourceList('What a worker is promised.')),
    limits: Type.Optional(ResourceList('Maximum resources of a worker.')),
  },
  closed('CPU and memory of each worker.', resourceRules),
)

const Toleration = Type.Object(
  {
    key: Type.Optional(word('Taint key; none means all.', 317)),
    operator: Type.Optional(oneOf(['Exists', 'Equal'], 'How the value is compared. Default: Equal.')),
    value: Type.Optional(word('Taint value.', 63)),
    effect: Type.Optional(oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], 'Taint effect; none means all.')),
    tolerationSeconds: Type.Optional(Type.Integer({ minimum: 0, description: 'For NoExecute: how long the pod may stay. Default: no limit.' })),
  },
  closed('A taint of nodes that the pods tolerate.', tolerationRules),
)

export const Pod = Type.Object(
  {
    image: Type.Optional(text('Image of the workers, with your own classes in it for example. Default: the one the operator is set up with.', 512)),
    imagePullSecrets: Type.Optional(
      Type.Array(Type.Object({ name: objectName('Name of the Secret.') }, closed('A Secret of this namespace.')), {
        minItems: 1,
        maxItems: 8,
        description: 'Secrets that open the image registry.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
    ),
    nodeSelector: Type.Optional(stringMap('Labels that a node must have.', { maxEntries: 32, maxLength: 63 }, nodeSelectorRules)),
    tolerations: Type.Optional(boundedList(Toleration, 32, 'Taints of nodes that the pods tolerate.')),
    labels: Type.Optional(stringMap('Further labels of the pods.', { maxEntries: 32, maxLength: 63 }, labelRules)),
    annotations: Type.Optional(stringMap('Further annotations of the pods.', { maxEntries: 32, maxLength: 4096 }, annotationRules)),
  },
  closed('What the workers’ pods look like.'),
)

export type Resources = Static<typeof Resources>
