{{- define "microservice-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* The release's name where it has the chart's in it, else both. Short enough for what is added to it. */ -}}
{{- define "microservice-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* For objects of the whole cluster: two operators of one namespace each may have the same release name. */ -}}
{{- define "microservice-operator.clusterName" -}}
{{- $name := include "microservice-operator.fullname" . }}
{{- if eq .Values.rbac.scope "namespaced" }}
{{- printf "%s-%s" $name .Release.Namespace }}
{{- else }}
{{- $name }}
{{- end }}
{{- end }}

{{- define "microservice-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "microservice-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* What never changes: Deployments do not take another selector. */ -}}
{{- define "microservice-operator.instance" -}}
app.kubernetes.io/name: {{ include "microservice-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "microservice-operator.selector" -}}
{{ include "microservice-operator.instance" . }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "microservice-operator.labels" -}}
{{- $own := fromYaml (include "microservice-operator.instance" .) }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service }}
{{- toYaml (merge $own .Values.commonLabels) }}
{{- end }}

{{- /* Labels and annotations of an object. Takes a list: the root, more labels, more annotations. */ -}}
{{- define "microservice-operator.metadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- toYaml (merge (fromYaml (include "microservice-operator.labels" $root)) (index . 1)) | nindent 2 }}
{{- with merge (dict) (index . 2) $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "microservice-operator.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The namespace that is watched, or nothing: all. */ -}}
{{- define "microservice-operator.watched" -}}
{{- if .Values.watchNamespace }}
{{- .Values.watchNamespace }}
{{- else if eq .Values.rbac.scope "namespaced" }}
{{- .Release.Namespace }}
{{- end }}
{{- end }}

{{- /* The operator's container, without probes and ports: the pod of `helm test` runs it as well. */ -}}
{{- define "microservice-operator.container" -}}
image: {{ include "microservice-operator.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
{{- if .Values.log.file }}
- --log-file=/etc/microservice-operator/log/filter
{{- else }}
- {{ printf "--log=%s" .Values.log.level | quote }}
{{- end }}
- --log-format={{ .Values.log.format }}
{{- if .Values.leaderElection.enabled }}
- --leader-elect
- --lease-name={{ include "microservice-operator.fullname" . }}
{{- end }}
- {{ printf "--health-address=%s:%v" .Values.listenAddress .Values.health.port | quote }}
{{- if .Values.metrics.enabled }}
- {{ printf "--metrics-address=%s:%v" .Values.listenAddress .Values.metrics.port | quote }}
- --metrics-auth={{ .Values.metrics.auth }}
{{- end }}
{{- with .Values.otlp.endpoint }}
- {{ printf "--otlp-endpoint=%s" . | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
env:
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with include "microservice-operator.watched" . }}
- name: WATCH_NAMESPACE
  {{- if eq . $.Release.Namespace }}
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
  {{- else }}
  value: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.log.file .Values.extraVolumeMounts }}
volumeMounts:
{{- if .Values.log.file }}
- name: log
  mountPath: /etc/microservice-operator/log
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What all pods of the chart have in common. */ -}}
{{- define "microservice-operator.pod" -}}
serviceAccountName: {{ include "microservice-operator.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.log.file .Values.extraVolumes }}
volumes:
{{- if .Values.log.file }}
- name: log
  configMap:
    name: {{ include "microservice-operator.fullname" . }}-log
    optional: true
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
