//! What a single field's type cannot say, by topic. Each rule has a message that says what to write instead.
//!
//! A rule stands at the place that its error shall name. `has(x)` is also false for `x: null`; lists may be there and
//! empty, so presence alone never means that something was asked for.
//!
//! What a rule may cost is estimated by the server from the limits of the fields; before 1.34 it takes a field that is a
//! number or a string for 3 MB. So `int(x)`, `string(x)` and `x >= y` are dear there, and `x == y` is cheap.

mod class;
mod container;
mod defaults;
mod edges;
mod filters;
mod identity;
mod metadata;
mod overrides;
mod pod;
mod ports;
mod probes;
mod rollout;
mod routes;
mod scaling;
mod service;
mod system;
mod volumes;

use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::tree::{self, Node};
use crate::MicroserviceClass;

/// All that is said of one place, or of several alike.
#[derive(Debug, Default)]
pub struct Place {
    /// Where: see [`tree`].
    pub paths: Vec<String>,
    /// CEL rules, each with its message.
    pub checks: Vec<(String, String)>,
    /// Keywords of the schema itself.
    pub keywords: Vec<(&'static str, Value)>,
}

impl Place {
    /// One place.
    fn at(path: &str) -> Self {
        Self { paths: vec![path.to_owned()], ..Self::default() }
    }

    /// Several places alike.
    fn at_each<S: AsRef<str>>(paths: impl IntoIterator<Item = S>) -> Self {
        Self { paths: paths.into_iter().map(|path| path.as_ref().to_owned()).collect(), ..Self::default() }
    }

    /// The same field of the main container, of sidecars and of init containers.
    fn in_containers(field: &str) -> Self {
        Self::at_each(["spec", "spec.sidecars[]", "spec.initContainers[]"].map(|holder| format!("{holder}.{field}")))
    }

    /// A CEL expression that must hold, and what to say when it does not.
    fn check(mut self, expression: impl Into<String>, message: impl Into<String>) -> Self {
        self.checks.push((expression.into(), message.into()));
        self
    }

    /// A keyword of the schema.
    fn set(mut self, keyword: &'static str, value: Value) -> Self {
        self.keywords.push((keyword, value));
        self
    }

    /// The only values that a field may have.
    fn one_of(self, values: &[&str]) -> Self {
        self.set("enum", json!(values))
    }

    /// A port, by name or by number.
    fn port_name_or_number(self, message: &str) -> Self {
        self.set("minimum", json!(1)).set("maximum", json!(65_535)).check("self != '' && self != 0", message)
    }

    /// The most characters that a string may have.
    fn longest(self, length: u32) -> Self {
        self.set("maxLength", json!(length))
    }
}

/// Every rule of a MicroserviceClass: its own, and those of the Microservice for the values that it gives.
pub fn of_classes() -> Vec<Place> {
    let mut places = class::places();
    let mut derived = serde_json::to_value(MicroserviceClass::crd()).unwrap_or_default();
    for schema in tree::schemas_of(&mut derived) {
        places.extend(defaults::places(of_microservices(), schema));
    }
    places
}

/// Every rule of a MicroserviceSystem.
pub fn of_systems() -> Vec<Place> {
    system::places()
}

/// Every rule of a Microservice.
pub fn of_microservices() -> Vec<Place> {
    [
        identity::places(),
        container::places(),
        volumes::places(),
        metadata::places(),
        service::places(),
        ports::places(),
        probes::places(),
        scaling::places(),
        rollout::places(),
        pod::places(),
        routes::places(),
        overrides::places(),
        filters::places(),
        edges::places(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Writes the rules into a schema. Gives back the paths that do not exist.
pub fn apply(schema: &mut Value, places: &[Place]) -> Vec<String> {
    let mut unknown = Vec::new();
    for place in places {
        for path in &place.paths {
            unknown.extend(tree::edit(schema, path, |node| write(place, node)));
        }
    }
    unknown
}

fn write(place: &Place, node: &mut Node) {
    for (keyword, value) in &place.keywords {
        if *keyword == "enum" {
            node.remove("maxLength");
        }
        node.insert((*keyword).to_owned(), value.clone());
    }
    if let Value::Array(rules) = node.entry("x-kubernetes-validations").or_insert_with(|| json!([])) {
        rules.extend(place.checks.iter().map(|(rule, message)| json!({"rule": rule, "message": message})));
        if rules.is_empty() {
            node.remove("x-kubernetes-validations");
        }
    }
}

/// Names of lower-case words, as most kinds of Kubernetes have them.
const DNS_SUBDOMAIN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// One word of such a name.
const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// A host name, which may start with `*.`.
const HOSTNAME: &str = "^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The value of a label that is not empty.
const LABEL_VALUE: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";

/// CEL: whether a list is there and has items.
fn filled(list: &str) -> String {
    format!("(has({list}) && size({list}) > 0)")
}

/// CEL: whether an optional boolean is true.
fn is_true(field: &str) -> String {
    format!("(has({field}) && {field})")
}

/// CEL: how many of these fields are there.
fn count(fields: &[&str]) -> String {
    let all: Vec<String> = fields.iter().map(|field| format!("has(self.{field})")).collect();
    format!("[{}].filter(x, x).size()", all.join(", "))
}

/// A place whose string must fit a pattern.
fn pattern(place: Place, pattern: &str, message: &str) -> Place {
    place.check(format!("self.matches('{pattern}')"), message)
}
