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

{{/* Default Secret names of Pipelines, so they must not depend on the release name. */}}
{{- define "headgate.storeSecret" -}}
{{ .Values.store.existingSecret | default "headgate-store" }}
{{- end }}
{{/* The operator migrates the store: with the chart's PostgreSQL as the role that owns the store, whose Secret workers do not get. */}}
{{- define "headgate.operatorStoreSecret" -}}
{{ if include "headgate.ownPostgresql" . }}headgate-store-owner{{ else }}{{ include "headgate.storeSecret" . }}{{ end }}
{{- end }}
{{- define "headgate.redisSecret" -}}
{{ .Values.redis.existingSecret | default "headgate-redis" }}
{{- end }}

{{/* "true" if the chart runs its own PostgreSQL: enabled, and no Secret given by the user. */}}
{{- define "headgate.ownPostgresql" -}}
{{- if and .Values.postgresql.enabled (not .Values.store.existingSecret) }}true{{ end }}
{{- end }}
{{- define "headgate.ownRedis" -}}
{{- if and .Values.redis.enabled (not .Values.redis.existingSecret) }}true{{ end }}
{{- end }}

{{/* Namespaces that workers reach the chart's databases from, as JSON. */}}
{{- define "headgate.workerNamespaces" -}}
{{ prepend (without .Values.workerNamespaces .Release.Namespace) .Release.Namespace | uniq | toJson }}
{{- end }}

{{/* Takes a namespace. A role name has at most 63 bytes, and no namespace contains an underscore, so role names are unique. */}}
{{- define "headgate.tenantRole" -}}
{{- $role := printf "headgate_%s" (replace "-" "_" .) }}
{{- if gt (len $role) 63 }}{{ $role = printf "headgate_%s" (sha256sum . | trunc 40) }}{{ end }}
{{- $role }}
{{- end }}

{{/* Takes (dict "namespace" … "password" …). Derived from the owner's password, so that only one Secret must be kept. */}}
{{- define "headgate.tenantPassword" -}}
{{ printf "tenant %s %s" .namespace .password | sha256sum | trunc 40 }}
{{- end }}

{{/* The password of the role that owns the store; older releases kept it in another Secret. Random if there is none yet, so include it only once. */}}
{{- define "headgate.ownerPassword" -}}
{{- $of := dict }}
{{- range list "headgate-store" "headgate-store-owner" }}
{{- with dig "data" "password" "" (lookup "v1" "Secret" $.Release.Namespace .) }}{{ $_ := set $of "password" (b64dec .) }}{{ end }}
{{- end }}
{{- .Values.postgresql.password | default (get $of "password") | default (randAlphaNum 32) }}
{{- end }}
