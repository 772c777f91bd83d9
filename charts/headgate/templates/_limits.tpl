{{/* Environment of the operator: limits for the Pipelines of all namespaces, and defaults for workers. */}}
{{- define "headgate.limits" -}}
{{- $limits := .Values.operator.limits -}}
- name: HEADGATE_WORKER_MEMORY
  value: {{ .Values.worker.memory | quote }}
- name: HEADGATE_WORKER_TMP_SIZE
  value: {{ .Values.worker.tmpSize | quote }}
- name: HEADGATE_PLUGIN_MODULES
  value: {{ $limits.pluginModules }}
- name: HEADGATE_PLUGIN_FOLDER
  value: {{ $limits.pluginFolder | quote }}
- name: HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE
  value: {{ $limits.runsPerNamespace | default "" | quote }}
- name: HEADGATE_MAX_TIMEOUT
  value: {{ $limits.timeout | default "" | quote }}
- name: HEADGATE_MAX_START_DEADLINE
  value: {{ $limits.startDeadline | default "" | quote }}
- name: HEADGATE_MAX_WORKERS
  value: {{ $limits.workers | default "" | quote }}
- name: HEADGATE_MAX_CPU
  value: {{ $limits.cpu | default "" | quote }}
- name: HEADGATE_MAX_MEMORY
  value: {{ $limits.memory | default "" | quote }}
- name: HEADGATE_ALLOWED_IMAGES
  value: {{ join "," $limits.images | quote }}
{{- end }}
