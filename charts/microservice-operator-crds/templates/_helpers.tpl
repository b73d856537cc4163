{{- define "microservice-operator-crds.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" "microservice-operator"
  "app.kubernetes.io/component" "definitions"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service -}}
{{- toYaml (merge $own .Values.labels) }}
{{- end }}

{{- define "microservice-operator-crds.annotations" -}}
{{- $own := dict -}}
{{- if .Values.keep -}}
{{- $_ := set $own "helm.sh/resource-policy" "keep" -}}
{{- end -}}
{{- with merge $own .Values.annotations }}
{{- toYaml . }}
{{- end }}
{{- end }}
