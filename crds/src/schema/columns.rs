//! The columns of `kubectl get msvc`.
//!
//! The first ones fit 80 characters, with a name of 20 and a URL of 28, which leaves no room for the number of replicas;
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
    ("Class", "string", ".spec.class", "The MicroserviceClass that the spec names."),
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

/// All columns, in their order.
pub fn all() -> Vec<CustomResourceColumnDefinition> {
    let narrow = NARROW.iter().map(|column| (column, None));
    let wide = WIDE.iter().map(|column| (column, Some(1)));
    narrow
        .chain(wide)
        .map(|((name, type_, path, description), priority)| CustomResourceColumnDefinition {
            name: (*name).to_owned(),
            type_: (*type_).to_owned(),
            json_path: (*path).to_owned(),
            description: Some((*description).to_owned()),
            priority,
            ..CustomResourceColumnDefinition::default()
        })
        .collect()
}
