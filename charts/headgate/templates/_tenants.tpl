{{/*
A Job that migrates the chart's PostgreSQL and admits the role of each worker namespace. Its name follows from what it does, because a Job
cannot be changed: an upgrade makes another one where something differs. Takes (dict "root" $ "password" … "namespaces" …).
*/}}
{{- define "headgate.tenantsJob" }}
{{- $root := .root }}
{{- $values := $root.Values }}
{{- $component := dict "root" $root "component" "tenants" }}
{{- $image := include "headgate.image" (dict "image" $values.image "tag" $root.Chart.AppVersion) }}
{{- $host := printf "%s-postgresql" (include "headgate.fullname" $root) }}
{{- $pod := toYaml (list $values.operator.podSecurityContext $values.operator.securityContext $values.operator.nodeSelector $values.operator.tolerations) }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "headgate.fullname" $root }}-tenants-{{ printf "%s %s %s %s" $image .password (join "," .namespaces) $pod | sha256sum | trunc 8 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "headgate.labels" $component | nindent 4 }}
spec:
  backoffLimit: 20
  template:
    metadata:
      labels:
        {{- include "headgate.labels" $component | nindent 8 }}
    spec:
      restartPolicy: OnFailure
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $values.operator.podSecurityContext | nindent 8 }}
      {{- include "headgate.placement" (omit $values.operator "topologySpreadConstraints") | nindent 6 }}
      containers:
      - name: tenants
        image: {{ $image | quote }}
        imagePullPolicy: {{ $values.image.pullPolicy }}
        command:
        - sh
        - -euc
        - |
          until node -e 'require("net").connect(5432, "{{ $host }}").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'
          do sleep 1
          done
          {{- range $index, $namespace := .namespaces }}
          HEADGATE_TENANT_PASSWORD="$PASSWORD_{{ $index }}" headgate store tenant {{ $namespace }} --role {{ include "headgate.tenantRole" $namespace }} --create-schemas --database "$STORE_URL"
          {{- end }}
        env:
        - name: STORE_URL
          valueFrom: {secretKeyRef: {name: headgate-store-owner, key: url}}
        {{- range $index, $namespace := .namespaces }}
        - name: PASSWORD_{{ $index }}
          valueFrom: {secretKeyRef: {name: headgate-store-owner, key: tenant.{{ $namespace }}}}
        {{- end }}
        resources:
          requests: {cpu: 10m, memory: 96Mi}
          limits: {memory: 256Mi}
        securityContext:
          {{- toYaml $values.operator.securityContext | nindent 10 }}
        volumeMounts:
        - {name: tmp, mountPath: /tmp}
      volumes:
      - {name: tmp, emptyDir: {}}
{{- end }}
