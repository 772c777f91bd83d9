{{/* The complete RBAC rules of the operator in watched namespaces. They include no access to Secrets. */}}
{{- define "headgate.rules" -}}
- apiGroups: [headgate.dev]
  resources: [pipelines]
  verbs: [get, list, watch]
- apiGroups: [headgate.dev]
  resources: [pipelineruns] # scheduled runs are created, replaced ones cancelled, old ones deleted
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [headgate.dev]
  resources: [pipelines/status, pipelineruns/status]
  verbs: [patch]
- apiGroups: [headgate.dev]
  resources: [pipelines/finalizers, pipelineruns/finalizers] # to own objects with blockOwnerDeletion, where that is guarded
  verbs: [update]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [configmaps] # snapshots, by name: nobody else's are listed, and none is changed
  verbs: [get, create]
- apiGroups: [events.k8s.io]
  resources: [events] # listed for one Job or pod that waits without saying why: a quota, a volume that cannot be mounted
  verbs: [create, list, patch]
{{- end }}
