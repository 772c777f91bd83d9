{{/* Names, labels and image references; included by every template. */}}

{{- define "headgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "headgate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "headgate.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "headgate.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Takes (dict "root" $ "component" "operator"). */}}
{{- define "headgate.selector" -}}
app.kubernetes.io/name: {{ include "headgate.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "headgate.labels" -}}
{{ include "headgate.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: headgate
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Takes (dict "image" .Values.image "tag" .Chart.AppVersion). */}}
{{- define "headgate.image" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest }}
{{- else -}}
{{ printf "%s:%s" .image.repository (.image.tag | default .tag) }}
{{- end }}
{{- end }}

{{- define "headgate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (printf "%s-operator" (include "headgate.fullname" .)) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Pipelines that name no Secret of their own read these names, so they do not depend on the release's. */}}
{{- define "headgate.storeSecret" -}}
{{ .Values.store.existingSecret | default "headgate-store" }}
{{- end }}
{{- define "headgate.redisSecret" -}}
{{ .Values.redis.existingSecret | default "headgate-redis" }}
{{- end }}

{{/* "true" where the chart runs its own; a Secret of the user's makes it superfluous. */}}
{{- define "headgate.ownPostgresql" -}}
{{- if and .Values.postgresql.enabled (not .Values.store.existingSecret) }}true{{ end }}
{{- end }}
{{- define "headgate.ownRedis" -}}
{{- if and .Values.redis.enabled (not .Values.redis.existingSecret) }}true{{ end }}
{{- end }}
