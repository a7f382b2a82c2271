{{/* Names, labels and the pieces that several pods share. Templates of objects hold no logic beyond `if`. */}}

{{- define "gateway.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "gateway.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* What every container of the chart is: the image, without rights, on a read-only file system. */}}
{{- define "gateway.container" -}}
image: {{ include "gateway.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* What every pod of the chart is. The account's token is mounted where `token` says so. */}}
{{- define "gateway.pod" -}}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "gateway.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "gateway.name" .) -}}
{{- end -}}

{{- define "gateway.warehouseSecret" -}}
{{- .Values.warehouse.existingSecret | default (printf "%s-warehouse" (include "gateway.name" .)) -}}
{{- end -}}

{{- define "gateway.keysSecret" -}}
{{- .Values.keys.existingSecret | default (printf "%s-keys" (include "gateway.name" .)) -}}
{{- end -}}

{{/* The warehouse's URL as $(GATEWAY_WAREHOUSE). `secret` is where it lies. */}}
{{- define "gateway.warehouseUrl" -}}
- name: GATEWAY_WAREHOUSE
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .root.Values.warehouse.secretKey }}}
{{- end -}}

{{/* /etc/gateway as gateway.yml expects it: the chart's ConfigMap, and those that others own. */}}
{{- define "gateway.configuration" -}}
- name: configuration
  projected:
    sources:
      - configMap:
          name: {{ include "gateway.name" . }}
          items:
            - {key: gateway.yml, path: gateway.yml}
            {{- range $site, $told := .Values.sites }}
            {{- if $told.policy }}
            - {key: {{ $site }}.policy.yml, path: {{ $site }}/policy.yml}
            {{- end }}
            {{- range $file, $_ := $told.contracts }}
            - {key: {{ $site }}.contracts.{{ $file }}, path: {{ $site }}/contracts/{{ $file }}}
            {{- end }}
            {{- end }}
      {{- range $site, $told := .Values.sites }}
      {{- with $told.policyFrom }}
      - configMap:
          name: {{ .configMap }}
          items:
            - {key: {{ .key }}, path: {{ $site }}/policy.yml}
      {{- end }}
      {{- end }}
{{- range $site, $told := .Values.sites }}
{{- with $told.contractsFrom }}
- name: contracts-{{ $site | replace "_" "-" }}
  configMap: {name: {{ .configMap }}}
{{- end }}
{{- end }}
{{- end -}}

{{- define "gateway.configurationMounts" -}}
- {name: configuration, mountPath: /etc/gateway, readOnly: true}
{{- range $site, $told := .Values.sites }}
{{- if $told.contractsFrom }}
- {name: contracts-{{ $site | replace "_" "-" }}, mountPath: /etc/gateway-contracts/{{ $site }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{/* The same of a Service that speaks TLS, whose certificate is made out to the site's host and not to the Service. */}}
{{- define "gateway.asksByTls" -}}
[python, -I, -c, "import os, ssl, urllib.request as r; r.urlopen(os.environ['GATEWAY_HEALTH_URL'], timeout=2, context=ssl._create_unverified_context())"]
{{- end -}}

{{/* Asks a URL; ends with an error unless it is answered 200. What HEALTHCHECK of the image does. */}}
{{- define "gateway.asks" -}}
[python, -I, -c, "import os, urllib.request as r; r.urlopen(os.environ['GATEWAY_HEALTH_URL'], timeout=2)"]
{{- end -}}
