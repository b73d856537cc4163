//! What a service offers and uses, who may use it, and what it reaches outside.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 34] = [
    ("an API's name", "exposes: [{name: Catalog, version: '1'}]", "write the name of an API"),
    ("a version with a letter", "exposes: [{name: a, version: v1}]", "write a version as in 2, 1.4 or 1.4.0-rc.1"),
    ("a version of four numbers", "exposes: [{name: a, version: 1.2.3.4}]", "write a version as in"),
    ("a version with a zero in front", "exposes: [{name: a, version: '01'}]", "write a version as in"),
    (
        "a port that is not there",
        "ports: [{name: http, port: 80}]\nexposes: [{name: a, version: '1', port: grpc}]",
        "exposes[].port is not the name of one of ports",
    ),
    ("an API without any port", "exposes: [{name: a, version: '1'}]", "exposes[].port is not the name of one of ports"),
    ("a day", "exposes: [{name: a, version: '1', sunset: tomorrow}]", "write a day as in 2027-06-30"),
    (
        "a version twice",
        "exposes: [{name: a, version: '1'}, {name: a, version: '1'}]",
        "spec.exposes[1]: Duplicate value",
    ),
    ("a service's name", "uses: [{service: Cart}]", "write the name of a service"),
    ("a use without a service", "uses: [{api: a}]", "spec.uses[0].service: Required value"),
    ("the namespace of a use", "uses: [{service: cart, namespace: a.b}]", "write the name of a namespace"),
    ("the API of a use", "uses: [{service: cart, api: A}]", "write the name of an API"),
    ("a use twice", "uses: [{service: cart}, {service: cart}]", "Duplicate value"),
    ("no port", "uses: [{service: cart, port: 0}]", "uses[].port is the name or the number of a port"),
    ("a port and an API", "uses: [{service: cart, api: a, port: http}]", "uses[].api says the port already"),
    (
        "a version with a port number",
        "uses: [{service: cart, port: 80, version: ^1}]",
        "with a port number nothing is looked up",
    ),
    ("a pod's port alone", "uses: [{service: cart, targetPort: 80}]", "uses[].targetPort belongs to a port number"),
    ("a range", "uses: [{service: cart, version: '^v1'}]", "write a range of versions as in ^1.2"),
    ("two ranges without a comma", "uses: [{service: cart, version: '>=1 <2'}]", "write a range of versions"),
    (
        "the form of an address",
        "uses: [{service: cart, env: {A: Address}}]",
        "supported values: \"HostPort\", \"Host\"",
    ),
    ("a timeout", "uses: [{service: cart, timeout: soon}]", "write a duration as in 500ms"),
    ("no attempts", "uses: [{service: cart, attempts: 0}]", "should be greater than or equal to 1"),
    (
        "what is outside",
        "external: [{name: Bank, hosts: [a.example], ports: [{port: 443}]}]",
        "write the name of what is outside",
    ),
    ("no ports outside", "external: [{name: bank, hosts: [a.example], ports: []}]", "should have at least 1 items"),
    (
        "a range of ports that ends before it begins",
        "external: [{name: bank, hosts: [a.example], ports: [{port: 443, endPort: 442}]}]",
        "endPort is the last port of a range",
    ),
    ("nowhere", "external: [{name: bank, ports: [{port: 443}]}]", "say where it is: write external[].cidrs"),
    (
        "addresses",
        "external: [{name: bank, cidrs: [bank.example], ports: [{port: 443}]}]",
        "write addresses as in 203.0.113.0/24",
    ),
    (
        "a host with a port",
        "external: [{name: bank, hosts: ['bank.example:443'], ports: [{port: 443}]}]",
        "a host name has lower-case letters, digits, '-' and '.', no port",
    ),
    ("consent to nobody", "allowFrom: [{}]", "an empty item would admit nobody"),
    ("self and another", "allowFrom: [{self: true, service: web}]", "allowFrom[].self stands alone"),
    (
        "a namespace in two ways",
        "allowFrom: [{namespace: a, namespaces: {matchLabels: {b: c}}}]",
        "allowFrom[].namespace is a name, and namespaces are chosen by labels",
    ),
    ("consent by a system's name", "allowFrom: [{system: '-'}]", "write the name of a system"),
    (
        "consent by a label",
        "allowFrom: [{namespaces: {matchExpressions: [{key: a, operator: In}]}}]",
        "In and NotIn compare with values, Exists and DoesNotExist with none",
    ),
    (
        "consent by a label's key",
        "allowFrom: [{namespaces: {matchLabels: {'a b': c, d: 'e f'}}}]",
        "a key has a name of letters",
    ),
];

const ACCEPTED: [Accepted; 7] = [
    (
        "two versions side by side",
        "ports: [{name: http, port: 80}]\nexposes: [{name: a, version: 1.4.0}, {name: a, version: 2.0.0-rc.1, port: http, deprecated: true, sunset: '2027-06-30'}]",
    ),
    (
        "versions in short",
        "ports: [{name: http, port: 80}]\nexposes: [{name: a, version: '1'}, {name: b, version: '0.3'}]",
    ),
    (
        "uses of all kinds",
        "uses: [{service: a}, {service: a, api: x, version: '>=1.2, <3'}, {service: a, namespace: other, port: http, env: {A: Host, B: Port, C: URL, D: HostPort}}, {service: redis, port: 6379, targetPort: 6380, owned: true, optional: true, timeout: 1m30s, attempts: 3}]",
    ),
    (
        "ranges",
        "uses: [{service: a, version: '*'}, {service: b, version: 1.x}, {service: c, version: '~1.4.0'}, {service: d, version: '=2.0.0'}]",
    ),
    (
        "outside",
        "external: [{name: bank, cidrs: [203.0.113.0/24, '2001:db8::/32'], hosts: ['*.bank.example'], ports: [{port: 443}, {port: 5000, endPort: 5010, protocol: UDP}]}]",
    ),
    ("nobody", "allowFrom: []"),
    (
        "many",
        "allowFrom: [{service: web}, {system: shop}, {namespace: reports, service: nightly}, {namespaces: {matchExpressions: [{key: tier, operator: Exists}]}}, {self: true}]",
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
