//! The columns of `kubectl get msvc`, `kubectl get msvcclass` and `kubectl get msys`.
//!
//! The first ones of a Microservice fit 80 characters, with a name of 20 and a URL of 28, which leaves no room for the number of replicas;
//! the others are shown by `-o wide`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;

/// Name, type, path and description.
type Column = (&'static str, &'static str, &'static str, &'static str);

const NARROW: [Column; 4] = [
    (
        "Ready",
        "string",
        r#".status.conditions[?(@.type=="Ready")].status"#,
        "Whether everything that the service stands for is as the spec says.",
    ),
    (
        "Reason",
        "string",
        r#".status.conditions[?(@.type=="Ready")].reason"#,
        "Why it is ready, or is not, in one word.",
    ),
    ("URL", "string", ".status.url", "Where the service can be opened from outside."),
    ("Age", "date", ".metadata.creationTimestamp", "Time since the Microservice was created."),
];

const WIDE: [Column; 7] = [
    ("Replicas", "integer", ".status.replicas", "Pods of the service, old and new."),
    ("Image", "string", ".spec.image", "The image that the spec asks for."),
    ("Class", "string", ".status.class", "The MicroserviceClass whose defaults and rules hold."),
    ("Profile", "string", ".status.profile", "The set of defaults that the service is rendered with."),
    ("Min", "integer", ".spec.scaling.minReplicas", "Least count that the autoscaler keeps."),
    ("Max", "integer", ".spec.scaling.maxReplicas", "Greatest count that the autoscaler may reach."),
    (
        "Message",
        "string",
        r#".status.conditions[?(@.type=="Ready")].message"#,
        "What is wrong, and what to do about it.",
    ),
];

const CLASS: [Column; 4] = [
    (
        "Default",
        "string",
        r#".status.conditions[?(@.type=="Default")].status"#,
        "Whether services that name no class have this one.",
    ),
    ("Ready", "string", r#".status.conditions[?(@.type=="Ready")].status"#, "Whether services can use the class."),
    ("Profile", "string", ".spec.profile", "The set of defaults that its services are rendered with."),
    ("Age", "date", ".metadata.creationTimestamp", "Time since the class was created."),
];

const SYSTEM: [Column; 5] = [
    (
        "Ready",
        "string",
        r#".status.conditions[?(@.type=="Ready")].status"#,
        "Whether every member is there and every service of the system is Ready.",
    ),
    ("Services", "string", ".status.servicesReady", "Services that are Ready, of those that there should be."),
    ("Broken", "integer", ".status.brokenEdges", "Declared uses that lead nowhere or are not allowed."),
    ("Hosts", "integer", ".status.hostCount", "Host names at which the system can be opened from outside."),
    ("Age", "date", ".metadata.creationTimestamp", "Time since the system was created."),
];

const SYSTEM_WIDE: [Column; 2] = [
    (
        "Reason",
        "string",
        r#".status.conditions[?(@.type=="Ready")].reason"#,
        "Why it is ready, or is not, in one word.",
    ),
    (
        "Message",
        "string",
        r#".status.conditions[?(@.type=="Ready")].message"#,
        "Which services are not ready, and what to do about it.",
    ),
];

/// All columns of a Microservice, in their order.
pub fn of_microservices() -> Vec<CustomResourceColumnDefinition> {
    NARROW.iter().map(|c| column(c, None)).chain(WIDE.iter().map(|c| column(c, Some(1)))).collect()
}

/// All columns of a MicroserviceClass, in their order.
pub fn of_classes() -> Vec<CustomResourceColumnDefinition> {
    CLASS.iter().map(|c| column(c, None)).collect()
}

/// All columns of a MicroserviceSystem, in their order.
pub fn of_systems() -> Vec<CustomResourceColumnDefinition> {
    SYSTEM.iter().map(|c| column(c, None)).chain(SYSTEM_WIDE.iter().map(|c| column(c, Some(1)))).collect()
}

fn column((name, type_, path, description): &Column, priority: Option<i32>) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: (*name).to_owned(),
        type_: (*type_).to_owned(),
        json_path: (*path).to_owned(),
        description: Some((*description).to_owned()),
        priority,
        ..CustomResourceColumnDefinition::default()
    }
}
