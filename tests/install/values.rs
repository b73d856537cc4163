//! The values that the chart is tried with.

/// By what they are about. `OTHER` is a namespace other than that of the release.
pub const MATRIX: &[(&str, &str)] = &[
    ("nothing said", "{}"),
    ("one operator", "{replicaCount: 1, leaderElection: {enabled: false}, podDisruptionBudget: {enabled: false}}"),
    ("the release's own namespace", "{rbac: {scope: namespaced}}"),
    ("another namespace", "{rbac: {scope: namespaced}, watchNamespace: OTHER}"),
    ("one namespace, with rights everywhere", "{watchNamespace: OTHER}"),
    ("no right in the cluster", "{rbac: {scope: namespaced, clusterReader: false, aggregateRoles: false}}"),
    ("rights and account of others", "{rbac: {create: false}, serviceAccount: {create: false, name: other}}"),
    (
        "little",
        "{log: {file: false, level: 'info,microservice_operator=debug', format: json}, metrics: {enabled: false}, \
         topologySpreadConstraints: [], podDisruptionBudget: {minAvailable: 50%}, listenAddress: 0.0.0.0}",
    ),
    ("admission policies", "{admissionPolicies: {enabled: true}}"),
    ("everything", EVERYTHING),
];

const EVERYTHING: &str = r#"
nameOverride: op
fullnameOverride: the-operator
commonLabels: {team: platform}
commonAnnotations: {contact: platform@example.com}
image: {repository: registry.example/other, tag: v2, pullPolicy: Always}
imagePullSecrets: [{name: registry}]
replicaCount: 3
serviceAccount: {name: account, annotations: {a: b}}
log: {level: debug, format: json}
metrics: {port: 9090, auth: token, service: {enabled: true}}
health: {port: 9091}
otlp: {endpoint: "http://collector.monitoring:4317"}
podMonitor: {enabled: true, labels: {release: prometheus}, endpoint: {relabelings: [{action: labeldrop, regex: pod}]}}
serviceMonitor: {enabled: true, interval: 1m, annotations: {a: b}}
prometheusRule: {enabled: true, labels: {release: prometheus}, runbookBase: "https://git.example/operator/"}
dashboard: {enabled: true, annotations: {folder: Operators}}
networkPolicy:
  enabled: true
  ingress:
    metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
    healthFrom: [{ipBlock: {cidr: 10.0.0.0/8}}]
  egress:
    apiServerTo: [{ipBlock: {cidr: 10.96.0.1/32}}]
    extra:
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
      ports: [{port: 4317}]
updateStrategy: {rollingUpdate: {maxUnavailable: 1}}
terminationGracePeriodSeconds: 30
resources: {requests: {memory: 128Mi}, limits: {memory: 512Mi}}
livenessProbe: {periodSeconds: 20}
readinessProbe: {successThreshold: 2}
topologySpreadConstraints:
- {maxSkew: 2, topologyKey: rack, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}
- {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}]
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}]
priorityClassName: system-cluster-critical
podLabels: {logs: json}
podAnnotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: "true"}
extraArgs: [--concurrency=16]
extraEnv: [{name: RUST_BACKTRACE, value: "1"}]
extraVolumes: [{name: scratch, emptyDir: {}}]
extraVolumeMounts: [{name: scratch, mountPath: /scratch}]
extraObjects:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: beside}, data: {in: "{{ .Release.Namespace }}"}}
- |
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: {{ .Release.Name }}-text
"#;
