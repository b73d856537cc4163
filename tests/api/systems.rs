//! MicroserviceSystems.

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use microservice_crds::MicroserviceSystem;
use serde_json::{Value, json};

use crate::server::{self, Accepted, Refused};

pub const NAME_TOO_LONG: &str = "metadata.name must have at most 63 characters";

pub const REFUSED: [Refused; 6] = [
    ("a name in upper case", "members: [Frontend]", "write the name of a Microservice"),
    ("a name with a dot", "members: [front.end]", "write the name of a Microservice"),
    ("an empty name", "members: ['']", "write the name of a Microservice"),
    (
        "a name that no Microservice may have",
        "members: [a23456789-123456789-123456789-123456789-123456789-1]",
        "may not be more than 50",
    ),
    ("a member twice", "members: [a, a]", "Duplicate value"),
    ("an unknown field", "member: [a]", "unknown field \"spec.member\""),
];

const ACCEPTED: [Accepted; 4] = [
    ("nothing", ""),
    ("members", "members: [frontend, redis-cart, a1]"),
    ("none of them", "members: []"),
    ("null is unset", "members: null"),
];

#[tokio::test]
async fn refused() {
    server::assert_systems_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_systems_accepted(&ACCEPTED).await;
}

#[tokio::test]
async fn a_name_that_no_service_could_say_is_refused() {
    let server = server::installed().await;
    server::create(server, &server::system(&"a".repeat(63), ""), true).await.expect("63 characters");
    let words = server::create(server, &server::system(&"a".repeat(64), ""), true).await.expect_err("64 characters");
    assert!(words.contains(NAME_TOO_LONG), "{words}");
}

/// Rules cost what they look at, and the server gives up on an object that costs too much.
#[tokio::test]
async fn a_system_as_large_as_the_limits_allow() {
    let server = server::installed().await;
    let members = |count: usize| (0..count).map(|i| json!(format!("service-{i:0>42}"))).collect::<Vec<Value>>();
    let mut system = server::system("large", "");
    system["spec"] = json!({"members": members(512)});
    let made = server::create(server, &system, true).await.unwrap_or_else(|words| panic!("{words}"));
    assert_eq!(serde_json::from_value::<MicroserviceSystem>(made).unwrap().spec.members.len(), 512);
    system["spec"] = json!({"members": members(513)});
    let words = server::create(server, &system, true).await.expect_err("513 members");
    assert!(words.contains("must have at most 512 items"), "{words}");
}

#[tokio::test]
async fn the_columns_fit_a_terminal_and_a_fresh_one_is_not_observed() {
    let name = "abcdefghij0123456789";
    let server = server::installed().await;
    server::create(server, &server::system(name, ""), false).await.expect(name);
    let api: Api<MicroserviceSystem> = Api::namespaced(server.client().unwrap(), "default");
    let fresh = api.get(name).await.unwrap();
    assert_eq!(fresh.status.map(|status| status.observed_generation), Some(-1));

    let condition = json!({
        "type": "Ready", "status": "Unknown", "reason": "Degraded", "message": "11 of 12 services are Ready.",
        "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": 1,
    });
    let status = json!({"status": {
        "observedGeneration": 1, "servicesReady": "511/512", "brokenEdges": 12, "hostCount": 128, "hosts": ["a.example"],
        "services": {"total": 512, "ready": 511, "degraded": 1}, "conditions": [condition],
    }});
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    let table = server.kubectl_ok(&["get", "msys", name]).await.unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "SERVICES", "BROKEN", "HOSTS", "AGE"]);
    assert_eq!(lines[1][..5], [name, "Unknown", "511/512", "12", "128"]);
    assert!(table.lines().all(|line| line.trim_end().chars().count() <= 80), "{table}");
    let wide = server.kubectl_ok(&["get", "msys", name, "-o", "wide"]).await.unwrap();
    for part in ["REASON", "MESSAGE", "Degraded", "11 of 12 services are Ready."] {
        assert!(wide.contains(part), "{part} is missing in:\n{wide}");
    }
    // It is one of what `kubectl get microservices`, the category, shows.
    let all = server.kubectl_ok(&["api-resources", "--categories=microservices", "-o", "name"]).await.unwrap();
    assert!(all.contains("microservicesystems.microservices.dev"), "{all}");
}

#[tokio::test]
async fn explain_reads_like_documentation() {
    let server = server::installed().await;
    for (path, part) in [
        ("msys", "one condition says whether the whole system is up"),
        ("msys.spec.members", "Names of the Microservices that must exist and say this system."),
        ("msys.status.servicesReady", "Example: `11/12`."),
        ("msys.status.services", "missing <integer>"),
    ] {
        let text = server.kubectl_ok(&["explain", path]).await.unwrap();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\t", " ");
        assert!(words.contains(part), "{part} is missing in:\n{text}");
    }
}
