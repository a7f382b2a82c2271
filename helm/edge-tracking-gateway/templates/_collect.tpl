{{/*
The pod that takes hits. `collect` is its container; `load` and `metrics` are native sidecars on the same data folder.
Why sidecars: Kubernetes ends them after `collect`, so the loader sees the last segment sealed; readiness is `collect`'s
alone, so a warehouse that is away turns nobody away.
*/}}
{{- define "gateway.collectPod" -}}
{{- $scheme := ternary ", scheme: HTTPS" "" (ne .Values.tls.existingSecret "") -}}
metadata:
  labels:
    {{- include "gateway.labels" (dict "root" . "component" "collect") | nindent 4 }}
    {{- with .Values.collect.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/configuration: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
    {{- with .Values.collect.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "gateway.serviceAccount" . }}
  {{- include "gateway.pod" (dict "root" .) | nindent 2 }}
  terminationGracePeriodSeconds: {{ .Values.collect.drain.graceSeconds }}
  {{- with .Values.collect.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.collect.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.collect.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.collect.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or .Values.collect.spread.zones .Values.collect.spread.nodes }}
  topologySpreadConstraints:
    {{- with .Values.collect.spread.zones }}
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: {{ . }}
      labelSelector:
        matchLabels: {{- include "gateway.selector" (dict "root" $ "component" "collect") | nindent 10 }}
    {{- end }}
    {{- with .Values.collect.spread.nodes }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: {{ . }}
      labelSelector:
        matchLabels: {{- include "gateway.selector" (dict "root" $ "component" "collect") | nindent 10 }}
    {{- end }}
  {{- end }}
  initContainers:
    {{- if eq .Values.keys.store "secret" }}
    # Waits for the keys of today: without them visitors have no pseudonym, and receipts no signature.
    - name: keys
      {{- include "gateway.container" . | nindent 6 }}
      command:
        - python
        - -I
        - -c
        - |-
          import pathlib, sys, time
          def needed():
              yield 'receipts.ed25519'
              for site in sys.argv[1:]:
                  yield f'{site}.day.{time.strftime("%Y-%m-%d", time.gmtime())}.salt'
          while not all(pathlib.Path('/var/lib/gateway/keys', name).exists() for name in needed()):
              time.sleep(1)
      args:
        {{- range $site, $_ := .Values.sites }}
        - {{ $site }}
        {{- end }}
      resources:
        requests: {cpu: 10m, memory: 16Mi}
        limits: {memory: 64Mi}
      volumeMounts:
        - {name: keys, mountPath: /var/lib/gateway/keys, readOnly: true}
    {{- end }}
    - name: metrics
      restartPolicy: Always
      {{- include "gateway.container" . | nindent 6 }}
      args:
        - admin
        - --config=/etc/gateway/gateway.yml
        - --data=/var/lib/gateway
        - --metrics-only
        - --admin-host=$(POD_IP)
        - --admin-port={{ .Values.metrics.port }}
      env:
        - name: POD_IP
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
      ports:
        - {name: metrics, containerPort: {{ .Values.metrics.port }}}
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        initialDelaySeconds: 10
        periodSeconds: 30
        timeoutSeconds: 5
      resources: {{- toYaml .Values.metrics.resources | nindent 8 }}
      volumeMounts:
        {{- include "gateway.dataMounts" . | nindent 8 }}
        {{- include "gateway.configurationMounts" . | nindent 8 }}
    - name: load
      restartPolicy: Always
      {{- include "gateway.container" . | nindent 6 }}
      args:
        - load
        - --config=/etc/gateway/gateway.yml
        - --data=/var/lib/gateway
        - --warehouse=$(GATEWAY_WAREHOUSE)
        {{- with .Values.kafka }}
        {{- if .brokers }}
        - --kafka={{ .brokers }}
        {{- end }}
        {{- if .existingSecret }}
        - --kafka-properties=/etc/gateway-kafka/properties
        {{- end }}
        {{- end }}
      env:
        {{- include "gateway.warehouseUrl" (dict "root" . "secret" (include "gateway.warehouseSecret" .)) | nindent 8 }}
      # Waits until the journal is empty. `collect` ends meanwhile; then the loader is told to, and loads the last segment.
      lifecycle:
        preStop:
          exec:
            command:
              - python
              - -I
              - -c
              - |-
                import pathlib, time
                time.sleep({{ add .Values.collect.drain.noticeSeconds 2 }})
                while any(f.suffix in ('.open', '.sealed') for f in pathlib.Path('/var/lib/gateway/journal').iterdir()):
                    time.sleep(0.5)
      resources: {{- toYaml .Values.load.resources | nindent 8 }}
      volumeMounts:
        {{- if .Values.kafka.existingSecret }}
        - {name: kafka, mountPath: /etc/gateway-kafka, readOnly: true}
        {{- end }}
        {{- include "gateway.dataMounts" . | nindent 8 }}
        {{- include "gateway.configurationMounts" . | nindent 8 }}
  containers:
    - name: collect
      {{- include "gateway.container" . | nindent 6 }}
      args:
        - collect
        - --config=/etc/gateway/gateway.yml
        - --data=/var/lib/gateway
        - {{ printf "--host=%s" .Values.collect.listen | quote }}
        - --port=8080
        - --workers={{ .Values.collect.workers }}
      ports:
        - {name: http, containerPort: 8080}
      startupProbe:
        httpGet: {path: /healthz, port: http{{ $scheme }}}
        periodSeconds: 1
        timeoutSeconds: 2
        failureThreshold: 60
      # Accepting, and the journal can be written: never whether ClickHouse is up.
      readinessProbe:
        httpGet: {path: /readyz, port: http{{ $scheme }}}
        periodSeconds: 5
        timeoutSeconds: 2
        failureThreshold: 2
      livenessProbe:
        httpGet: {path: /healthz, port: http{{ $scheme }}}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      lifecycle:
        preStop:
          sleep: {seconds: {{ .Values.collect.drain.noticeSeconds }}}
      resources: {{- toYaml .Values.collect.resources | nindent 8 }}
      volumeMounts:
        {{- include "gateway.dataMounts" . | nindent 8 }}
        {{- include "gateway.configurationMounts" . | nindent 8 }}
        - {name: keys, mountPath: /var/lib/gateway/keys{{ if eq .Values.keys.store "secret" }}, readOnly: true{{ end }}}
        {{- if .Values.tls.existingSecret }}
        - {name: tls, mountPath: /etc/gateway-tls, readOnly: true}
        {{- end }}
        {{- with .Values.collect.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- include "gateway.configuration" . | nindent 4 }}
    - name: run
      emptyDir: {medium: Memory, sizeLimit: 32Mi}
    - name: keys
      {{- if eq .Values.keys.store "secret" }}
      secret: {secretName: {{ include "gateway.keysSecret" . }}, defaultMode: 0440}
      {{- else }}
      persistentVolumeClaim: {claimName: {{ .Values.keys.existingClaim | default (printf "%s-keys" (include "gateway.name" .)) }}}
      {{- end }}
    {{- with .Values.tls.existingSecret }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.kafka }}
    {{- if .existingSecret }}
    - name: kafka
      secret: {secretName: {{ .existingSecret }}, defaultMode: 0440, items: [{key: {{ .secretKey }}, path: properties}]}
    {{- end }}
    {{- end }}
    {{- if not .Values.collect.persistence.enabled }}
    - name: data
      emptyDir: {sizeLimit: {{ .Values.collect.persistence.size }}}
    {{- end }}
    {{- with .Values.collect.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* The journal on its volume; counts and sockets of the moment in memory. */}}
{{- define "gateway.dataMounts" -}}
- {name: data, mountPath: /var/lib/gateway}
- {name: run, mountPath: /var/lib/gateway/run}
{{- end -}}
