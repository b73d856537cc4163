//! What the gateway is in the cluster: a class, Gateways, and the account that Traefik works with.

use anyhow::Result;
use k8s_openapi::ByteString;
use rcgen::{CertificateParams, DnType, KeyPair};

/// The namespace of the Gateways and of Traefik's account.
pub const NAMESPACE: &str = "gateways";

/// The Gateway that every namespace may use, for hosts in `example.com`.
pub const PUBLIC: &str = "public";

/// The Gateway that only its own namespace may use.
pub const PRIVATE: &str = "private";

/// Traefik's account, in the same namespace.
pub(super) const ACCOUNT: &str = "traefik";

/// What Traefik reads and writes, and no more. It reads all Secrets, because certificates may be anywhere.
const ACCESS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: gateways}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: traefik, namespace: gateways}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: traefik}
rules:
- apiGroups: ['']
  resources: [namespaces, services, secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses, gateways, httproutes, grpcroutes, tlsroutes, referencegrants, backendtlspolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources:
  - gatewayclasses/status
  - gateways/status
  - httproutes/status
  - grpcroutes/status
  - tlsroutes/status
  - backendtlspolicies/status
  verbs: [update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: traefik}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: traefik}
subjects:
- {kind: ServiceAccount, name: traefik, namespace: gateways}
";

/// The namespace, the account and its rights, as YAML.
pub(super) fn access() -> &'static str {
    ACCESS
}

/// The class and its Gateways, as YAML. A listener's port must be one that Traefik listens on.
pub(super) fn gateways(http: u16, https: u16) -> String {
    format!(
        "
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: traefik}}
spec: {{controllerName: traefik.io/gateway-controller}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {PUBLIC}, namespace: {NAMESPACE}}}
spec:
  gatewayClassName: traefik
  listeners:
  - name: http
    port: {http}
    protocol: HTTP
    hostname: '*.example.com'
    allowedRoutes: {{namespaces: {{from: All}}}}
  - name: https
    port: {https}
    protocol: HTTPS
    hostname: '*.example.com'
    allowedRoutes: {{namespaces: {{from: All}}}}
    tls: {{certificateRefs: [{{name: example-com}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {PRIVATE}, namespace: {NAMESPACE}}}
spec:
  gatewayClassName: traefik
  listeners:
  - {{name: http, port: {http}, protocol: HTTP, allowedRoutes: {{namespaces: {{from: Same}}}}}}
"
    )
}

/// A self-made certificate for `*.example.com`, as PEM, and the Secret that holds it, as JSON.
pub(super) fn certificate() -> Result<(String, String)> {
    let mut params = CertificateParams::new(["*.example.com".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "*.example.com");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    let bytes = |text: String| ByteString(text.into_bytes());
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": "example-com", "namespace": NAMESPACE},
        "data": {"tls.crt": bytes(certificate.clone()), "tls.key": bytes(key.serialize_pem())},
    });
    Ok((certificate, secret.to_string()))
}
