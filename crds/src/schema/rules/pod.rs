//! Placement, identity, network settings and security of the pods.

use super::{DNS_SUBDOMAIN, Place, filled, is_true, pattern};

pub(super) fn places() -> Vec<Place> {
    let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    vec![
        Place::at("spec.topologySpread[]").check(
            "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            "topologySpread.minDomains is only for whenUnsatisfiable: DoNotSchedule: set that, or remove it",
        ),
        Place::at("spec.topologySpread[].topologyKey")
            .check("self.size() > 0", "say a label of nodes, as in topology.kubernetes.io/zone"),
        Place::at("spec.serviceAccount")
            .check(
                format!("!{} || !has(self.name)", is_true("self.create")),
                "serviceAccount.name is for an existing one; one that is made is named as the Microservice: remove \
                 name, or create",
            )
            .check(
                "!has(self.create) || self.create || has(self.name)",
                "serviceAccount.create is false: say in serviceAccount.name which one to run as",
            )
            .check(
                format!("!has(self.name) || !{}", filled("self.annotations")),
                "serviceAccount.annotations are for the one that is made: annotate the existing one yourself",
            ),
        pattern(
            Place::at_each(["spec.serviceAccount.name", "spec.priorityClassName", "spec.runtimeClassName"]),
            DNS_SUBDOMAIN,
            "write the name of an existing object: lower-case letters, digits, '-' and '.'",
        ),
        Place::at("spec.dnsPolicy").one_of(&["ClusterFirst", "Default", "None"]),
        Place::at("spec").check(
            "!has(self.dnsPolicy) || self.dnsPolicy != 'None' || (has(self.dnsConfig) && \
             has(self.dnsConfig.nameservers) && size(self.dnsConfig.nameservers) > 0)",
            "dnsPolicy None leaves the pods without a resolver: set dnsConfig.nameservers, or another policy",
        ),
        Place::at_each(["spec.dnsConfig.nameservers[]", "spec.hostAliases[].ip"])
            .check("isIP(self)", "write an IP address, as in 192.0.2.7 or 2001:db8::7"),
        pattern(
            Place::at("spec.hostAliases[].hostnames[]"),
            DNS_SUBDOMAIN,
            "a host name has lower-case letters, digits, '-' and '.'",
        ),
        Place::at("spec.tolerations[].operator").one_of(&["Exists", "Equal"]),
        Place::at("spec.tolerations[].effect").one_of(&effects),
        Place::at("spec.tolerations[]")
            .check(
                "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
                "a toleration without key bears every taint, and needs operator: Exists",
            )
            .check(
                "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
                "operator Exists compares no value: remove value",
            )
            .check(
                "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
                "tolerationSeconds is only for effect: NoExecute",
            ),
        pattern(
            Place::at("spec.security.capabilities[]")
                .longest(63)
                .check("!self.startsWith('CAP_')", "write a capability without CAP_, as in NET_BIND_SERVICE"),
            "^[A-Z][A-Z0-9_]*$",
            "write a capability in upper case, as in NET_BIND_SERVICE",
        ),
        Place::at("spec.security.writablePaths[]")
            .check(
                "self.startsWith('/') && !self.contains(':')",
                "security.writablePaths: write an absolute path without ':', as in /var/cache/app",
            )
            .check("self != '/'", "to make all of it writable, set security.writableRoot: true")
            .check("self != '/tmp'", "/tmp is writable already: remove it"),
    ]
}
