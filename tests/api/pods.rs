//! Placement, identity, network settings and security of the pods.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 24] = [
    (
        "minDomains without waiting",
        "topologySpread: [{topologyKey: zone, minDomains: 2}]",
        "topologySpread.minDomains is only for whenUnsatisfiable: DoNotSchedule",
    ),
    ("an empty key", "topologySpread: [{topologyKey: ''}]", "say a label of nodes"),
    ("the same spread twice", "topologySpread: [{topologyKey: zone}, {topologyKey: zone}]", "Duplicate value"),
    (
        "an account made and named",
        "serviceAccount: {create: true, name: x}",
        "serviceAccount.name is for an existing one",
    ),
    ("no account", "serviceAccount: {create: false}", "say in serviceAccount.name which one to run as"),
    (
        "annotations of another's account",
        "serviceAccount: {name: x, annotations: {a: b}}",
        "serviceAccount.annotations are for the one that is made",
    ),
    ("an account's name", "serviceAccount: {name: My_Account}", "write the name of an existing object"),
    ("an empty priority", "priorityClassName: ''", "write the name of an existing object"),
    ("a DNS policy", "dnsPolicy: ClusterFirstWithHostNet", "supported values: \"ClusterFirst\", \"Default\", \"None\""),
    ("no resolver", "dnsPolicy: None", "dnsPolicy None leaves the pods without a resolver"),
    ("a resolver that is no address", "dnsConfig: {nameservers: [dns.example.com]}", "write an IP address"),
    ("an alias that is no address", "hostAliases: [{ip: legacy, hostnames: [legacy]}]", "write an IP address"),
    (
        "an alias twice",
        "hostAliases: [{ip: 192.0.2.7, hostnames: [a]}, {ip: 192.0.2.7, hostnames: [b]}]",
        "Duplicate value",
    ),
    (
        "an alias in upper case",
        "hostAliases: [{ip: 192.0.2.7, hostnames: [Legacy]}]",
        "a host name has lower-case letters",
    ),
    ("a toleration of everything", "tolerations: [{effect: NoSchedule}]", "a toleration without key bears every taint"),
    (
        "existence with a value",
        "tolerations: [{key: a, operator: Exists, value: b}]",
        "operator Exists compares no value",
    ),
    (
        "seconds without eviction",
        "tolerations: [{key: a, operator: Exists, tolerationSeconds: 5}]",
        "tolerationSeconds is only for effect: NoExecute",
    ),
    ("a capability's prefix", "security: {capabilities: [CAP_NET_BIND_SERVICE]}", "write a capability without CAP_"),
    ("a capability in lower case", "security: {capabilities: [net_bind_service]}", "write a capability in upper case"),
    ("a negative user", "security: {runAsUser: -1}", "should be greater than or equal to 0"),
    ("a relative path", "security: {writablePaths: [var/cache]}", "security.writablePaths: write an absolute path"),
    ("the root", "security: {writablePaths: [/]}", "set security.writableRoot: true"),
    ("what is writable", "security: {writablePaths: [/tmp]}", "/tmp is writable already"),
    ("the same path twice", "security: {writablePaths: [/a, /a]}", "Duplicate value"),
];

const ACCEPTED: [Accepted; 7] = [
    (
        "spread",
        "topologySpread: [{topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, minDomains: 2, maxSkew: 1}, {topologyKey: topology.kubernetes.io/zone}]",
    ),
    ("no spread", "topologySpread: []"),
    (
        "an account of one's own",
        "serviceAccount: {annotations: {cloud.example/role: x}}\nautomountServiceAccountToken: true",
    ),
    ("an existing account", "serviceAccount: {create: false, name: default}"),
    (
        "network",
        "dnsPolicy: None\ndnsConfig: {nameservers: [192.0.2.1, '2001:db8::1'], searches: [example.com], options: [{name: ndots, value: '1'}]}\nhostAliases: [{ip: 192.0.2.7, hostnames: [legacy, legacy.example.com]}]",
    ),
    (
        "placement",
        "nodeSelector: {kubernetes.io/arch: arm64}\ntolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 30}, {operator: Exists}, {key: b, value: c}]\npriorityClassName: high\nruntimeClassName: gvisor\naffinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]}}}",
    ),
    (
        "security",
        "security: {runAsUser: 0, runAsGroup: 1000, fsGroup: 1000, writablePaths: [/var/cache/nginx], writableRoot: true, capabilities: [NET_BIND_SERVICE], hostUsers: false}",
    ),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
